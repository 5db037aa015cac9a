/** Private keys and join tokens, wherever they stand in a text: neither the log nor the audit log may hold them. */
const secretTexts =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)|hecate-join-[\w-]+/g;

export const censored = '[redacted]';

export const withoutSecrets = (text: string): string => text.replace(secretTexts, censored);
