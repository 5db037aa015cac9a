/** `power`: the UPSes that the site hangs on, and when they end it. */
import { isIP } from 'node:net';
import { parseManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { z } from 'zod';
import {
  durationLeaf,
  hostLeaf,
  listOf,
  pathLeaf,
  switchLeaf,
  textLeaf,
  wholeNumberLeaf,
  wordLeaf,
} from './config-leaves.ts';
import { coordinatorFates, planModes, upsTlsModes } from './manager-config.ts';
import { declaredNameLeaf } from './plan-leaves.ts';

const group = { error: 'expected a map of keys' };
const secondMs = 1000;
const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Room for every rack of a large room; each is one connection. */
const upsesMax = 32;
/** The port that IANA gave to NUT. */
const nutPort = 3493;
/** As many as a join token names. */
const receiversMax = 8;
const portMax = 65_535;

/** A UPS as NUT's own tools name it. */
export interface NutAddress {
  readonly nutName: string;
  readonly host: string;
  readonly port: number;
}

/** NUT's own rule for names in ups.conf, a host or an address (IPv6 in brackets), and a port that may be left out. */
const nutPattern =
  /^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})@(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]{1,253}))(?::([1-9][0-9]{0,4}))?$/;

/** `ups@127.0.0.1:3493`, `ups@nas.lan`, `ups@[::1]`. */
export function readNutAddress(text: string): NutAddress | undefined {
  const [, nutName = '', six, name, portText] = nutPattern.exec(text) ?? [];
  const host = six ?? name?.toLowerCase();
  const port = portText === undefined ? nutPort : Number(portText);
  if (host === undefined || port > portMax) return undefined;
  if (six !== undefined) return isIP(six) === 6 ? { nutName, host, port } : undefined;
  const isNumeric = /^[0-9.]+$/.test(host);
  return isNumeric && isIP(host) !== 4 ? undefined : { nutName, host, port };
}

const ups = z
  .strictObject(
    {
      name: declaredNameLeaf({
        description: 'What it is called here: in `feeds` of nodes, in alerts and in metrics.',
        example: 'rack-a',
      }),
      ups: textLeaf(
        'a UPS of a NUT server, NAME@HOST or NAME@HOST:PORT',
        {
          description: 'Where it is: its name on its NUT server (upsd), the host, and the port.',
          example: 'ups@127.0.0.1:3493',
        },
        readNutAddress,
      ),
      tls: wordLeaf(
        {
          description:
            'off: in the clear · optional: TLS where the server has it · required: TLS with a certificate that proves the server, or nothing.',
          example: 'required',
        },
        upsTlsModes,
      ).default('off'),
      ca: pathLeaf({
        description: "PEM file of the authority that signed the NUT server's certificate.",
        example: '/etc/hecate/nut-ca.pem',
      }).optional(),
      server_name: hostLeaf({
        description: 'The name in its certificate. Default: the host.',
        example: 'nas.lan',
      }).optional(),
      user: textLeaf(
        'a user of upsd.users',
        {
          description: 'Who gives commands: FSD, and to cut the output. To watch needs no user.',
          example: 'hecate',
        },
        (text) => text,
        /^[!-~]{1,64}$/,
      ).optional(),
      password_file: pathLeaf({
        description: "A file with that user's password, of the manager's user alone (mode 0600).",
        example: '/etc/hecate/nut-password',
      }).optional(),
      forced_shutdown: switchLeaf({
        description:
          'Whether FSD is set once hosts are being powered off: where NUT secondaries (upsmon) that Hecate does not manage hang on it. It needs user and password_file; only a restart of upsd takes FSD back.',
        example: 'true',
      }).default(false),
      cut_power: switchLeaf({
        description:
          "Whether its output is cut (`shutdown.return`) just before the coordinator powers itself off, in a shutdown that this UPS asked for: hosts that mains coming back would leave off are switched on by it. It needs user and password_file, that user's right to the command, and a UPS that offers it.",
        example: 'true',
      }).default(false),
    },
    group,
  )
  .superRefine((file, context) => {
    const report = (key: string, message: string, remedy: string): void =>
      context.addIssue({ code: 'custom', path: [key], message, params: { remedy } });
    if ((file.user === undefined) !== (file.password_file === undefined)) {
      const [there, missing] =
        file.user === undefined ? ['password_file', 'user'] : ['user', 'password_file'];
      report(there, `expected ${missing} beside ${there}`, `add ${missing}`);
    }
    if (file.forced_shutdown && file.user === undefined)
      report(
        'forced_shutdown',
        'expected user and password_file beside it',
        'FSD takes a user with upsmon primary in upsd.users',
      );
    if (file.cut_power && file.user === undefined)
      report(
        'cut_power',
        'expected user and password_file beside it',
        'it takes a user with actions = SET, instcmds = shutdown.return and instcmds = shutdown.stop in upsd.users',
      );
    if (file.tls === 'off' && (file.ca ?? file.server_name) !== undefined)
      report(
        file.ca === undefined ? 'server_name' : 'ca',
        'expected tls: required or optional beside it',
        'write tls: required',
      );
  });

export type UpsFile = z.output<typeof ups>;

/** One decimal number, such as 1.10. */
const factorLeaf = (description: string, min: number, max: number) => {
  const error = `expected a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error }).meta({ description, example: '1.10' });
};

/** The manager of another site, and what becomes of this one where it does not answer. */
const forward = z
  .strictObject(
    {
      to: listOf(
        textLeaf(
          'a host and a port, HOST:PORT',
          {
            description: 'A host name or an address, and the port of its manager.',
            example: 'titan-db.lan:2020',
          },
          parseManagerAddress,
        ),
        {
          description: 'The manager that carries it out. Several are tried in order.',
          example: '["titan-db.lan:2020"]',
        },
        { min: 1, max: receiversMax, of: 'addresses', keyOf: ({ host, port }) => `${host}:${port}` },
      ),
      identity: pathLeaf({
        description:
          'The folder with the certificate that the other site has given to this manager: `hecatectl join` with `--identity` writes it, as the user of the manager.',
        example: '/var/lib/hecate/peer',
      }),
      acknowledge_within: durationLeaf(
        {
          description:
            'An answer that takes longer has not come, and the trigger is sent again. It is part of the threshold.',
          example: '3s',
        },
        200,
        minuteMs,
      ).prefault('3s'),
      progress_within: durationLeaf(
        {
          description: 'A manager over there that is silent for so long does not carry it out.',
          example: '15s',
        },
        secondMs,
        10 * minuteMs,
      ).prefault('15s'),
      budget: durationLeaf(
        {
          description: 'How long a shutdown takes over there, until the other site has said so itself.',
          example: '5m',
        },
        secondMs,
        dayMs,
      ).prefault('5m'),
      local_shutdown: switchLeaf({
        description:
          'Whether this site shuts itself down when its own battery is only just enough for that, and nobody over there sees to it; else that is an alert alone.',
        example: 'true',
      }).default(false),
    },
    group,
  )
  .meta({
    description:
      'What UPSes of this site ask for is carried out by the manager of another site; `power.budget` is what this site takes for its own hosts then.',
    example: '{ to: ["titan-db.lan:2020"], identity: /var/lib/hecate/peer, local_shutdown: true }',
  })
  .optional();

export const power = z
  .strictObject(
    {
      upses: listOf(
        ups,
        {
          description: 'The UPSes that are watched. Without one there are no power decisions.',
          example: '[{ name: rack-a, ups: "ups@127.0.0.1:3493" }]',
        },
        { min: 0, max: upsesMax, of: 'UPSes', keyOf: ({ name }) => name },
      ).prefault([]),
      poll_interval: durationLeaf(
        {
          description: 'How often a UPS is looked at; near a decision it is looked at every second.',
          example: '5s',
        },
        200,
        minuteMs,
      ).prefault('5s'),
      debounce_polls: wholeNumberLeaf(
        { description: 'How many looks in a row must be under the threshold until it counts.', example: '3' },
        2,
        20,
      ).default(3),
      runtime_safety_factor: factorLeaf(
        'By how much more than the budget must be left in the battery.',
        1,
        5,
      ).default(1.1),
      budget: durationLeaf(
        {
          description:
            'How long a shutdown is expected to take, until three runs of it have taught it; where the steps of its plan are known or taken to need longer, that counts.',
          example: '5m',
        },
        secondMs,
        dayMs,
      ).prefault('5m'),
      forwarding_latency: durationLeaf(
        { description: 'How long a trigger takes to where it is carried out. Here: no time.', example: '3s' },
        0,
        minuteMs,
      ).prefault('0s'),
      on_battery_limit: durationLeaf(
        {
          description:
            'On battery for so long: it triggers, where the UPS tells neither its runtime nor its charge.',
          example: '2m',
        },
        secondMs,
        dayMs,
      ).prefault('2m'),
      silence_limit: durationLeaf(
        {
          description:
            'A UPS that falls silent on battery is counted down from what it told last; for so long at most, then it triggers.',
          example: '5m',
        },
        secondMs,
        dayMs,
      ).prefault('5m'),
      mode: wordLeaf(
        {
          description:
            'poweroff: hosts are powered off · cluster-only: the units of the cluster are stopped, and hosts stay on.',
          example: 'poweroff',
        },
        planModes,
      ).default('poweroff'),
      coordinator: wordLeaf(
        {
          description:
            'What becomes of the coordinator in a shutdown that a UPS asks for. powers-off: it goes off last, and its next boot starts the site · stays-up: it stays up while its battery lasts, and starts the site once mains is back.',
          example: 'stays-up',
        },
        coordinatorFates,
      ).default('powers-off'),
      coordinator_halt: durationLeaf(
        {
          description:
            'How long the coordinator takes at most to power itself off: no output is cut sooner, and with `stays-up` so much is kept for it.',
          example: '2m',
        },
        secondMs,
        dayMs / 24,
      ).prefault('2m'),
      stable_mains: durationLeaf(
        {
          description:
            'How long mains must have been back without a break until the site is started up: by `hecatectl bootstrap`, or by a coordinator that stayed up.',
          example: '5m',
        },
        0,
        dayMs,
      ).prefault('5m'),
      startup_charge: wholeNumberLeaf(
        {
          description:
            'The charge in per cent that a UPS needs until the site is started up by itself, where no runtime is told, or where it is not known what the UPS carries with the site up.',
          example: '80',
        },
        0,
        100,
      ).default(80),
      forward,
      peer_wait: durationLeaf(
        {
          description:
            'How long `hecatectl bootstrap` waits for the word of another site that forwards to this one, or that this one forwards to: afterwards it goes on without.',
          example: '2m',
        },
        0,
        dayMs,
      ).prefault('2m'),
    },
    group,
  )
  .meta({
    description: 'Power: UPSes (NUT) decide that the site shuts down.',
    example: '{ upses: [{ name: rack-a, ups: "ups@127.0.0.1:3493" }] }',
  })
  .prefault({});
