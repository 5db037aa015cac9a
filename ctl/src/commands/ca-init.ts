import type { Command } from '../context.ts';
import { printable } from '../core/printable.ts';
import { timeOrNull } from '../output/outcome-json.ts';
import { localTime } from '../output/time-text.ts';

export const command: Command = {
  definition: {
    name: 'ca init',
    group: 'trust',
    summary: 'make the certificate authority of the site',
    description: [
      "Makes the manager's own authority, once; from then on it listens for nodes. One that exists is never replaced: asked once more for the same site, it says which one there is, and changes nothing. The names that its server certificate is good for come from names in the configuration of the manager.",
    ],
    arguments: [],
    options: [
      {
        long: 'site',
        valueName: 'NAME',
        description: "the site's name in the certificate; that of the configuration when not given",
      },
    ],
    examples: [{ command: 'hecatectl ca init', explanation: 'the first step of a new site' }],
    exits: ['failed'],
    schema: 'authority',
  },
  run: async (context) => {
    const { out, invocation } = context;
    const value = { site: invocation.text('site') ?? '', names: [] };
    const authority = await context.ask('authority', { case: 'initAuthority', value });
    const { fingerprint, notAfterMs, names, existed } = authority;
    if (out.isJson) out.json({ fingerprint, not_after: timeOrNull(notAfterMs), names, is_new: !existed });
    else {
      out.line(`SHA-256 fingerprint: ${printable(fingerprint)}`);
      out.line(`valid until: ${localTime(notAfterMs)}`);
      out.line(`the manager answers as: ${names.map(printable).join(', ')}`);
      if (existed) out.note('it exists already, and nothing was changed');
      out.note('next: hecatectl node enroll NAME for every host');
    }
    return 'success';
  },
};
