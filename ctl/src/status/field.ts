const titleWidth = 12;

/** `      State: online`, the titles right-aligned as systemctl has them. */
export const field = (title: string, text: string): string =>
  `${title.padStart(titleWidth)}${title === '' ? ' ' : ':'} ${text}`.trimEnd();
