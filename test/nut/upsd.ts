/** A real upsd with real drivers (dummy-ups) for tests, without systemd, in a folder and on a port of its own. */
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../nodes/until.ts';
import { DriverSocket } from './driver-socket.ts';
import { makeNutCertificates } from './nut-certificates.ts';
import { nutUser, type RunningProgram, runProgram } from './nut-programs.ts';
import {
  type DummyUps,
  giveToNut,
  type NutUser,
  type Variables,
  writeDevice,
  writeUpsdFiles,
} from './upsd-files.ts';

export interface UpsdOptions {
  readonly upses: Readonly<Record<string, DummyUps>>;
  readonly users?: Readonly<Record<string, NutUser>>;
  /** STARTTLS with a certificate for `ups.test` and 127.0.0.1; or for these names, `dns:a,ip:b`. */
  readonly tls?: boolean | string;
  /** Address to listen on. Default 127.0.0.1. */
  readonly listen?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default 15, as upsd's own. */
  readonly maxAgeSeconds?: number;
  /** Put before the commands: `['ip', 'netns', 'exec', NAME]`. */
  readonly within?: readonly string[];
}

interface Driver {
  readonly program: RunningProgram;
  readonly socket: DriverSocket;
}

/** What takes care of the end: a tap test, or anything that calls back. */
export interface Scope {
  teardown(end: () => Promise<void>): void;
}

/** Starts upsd and a driver for each UPS; all of it is gone after the test. */
export async function startUpsd(scope: Scope, options: UpsdOptions): Promise<Upsd> {
  const upsd = await Upsd.prepare(options);
  scope.teardown(() => upsd.destroy());
  await Promise.all(Object.keys(options.upses).map((ups) => upsd.startDriver(ups)));
  await upsd.start();
  return upsd;
}

export class Upsd {
  readonly host: string;
  readonly port: number;
  /** Configuration, sockets, state. */
  readonly folder: string;
  /** PEM file of the authority that signed its certificate; undefined without TLS. */
  readonly authorityFile: string | undefined;
  private readonly options: UpsdOptions;
  private readonly values = new Map<string, Variables>();
  private readonly drivers = new Map<string, Driver>();
  private readonly starting = new Set<RunningProgram>();
  private server: RunningProgram | undefined;

  private constructor(options: UpsdOptions, folder: string, port: number) {
    this.options = options;
    this.folder = folder;
    this.host = options.listen ?? '127.0.0.1';
    this.port = port;
    for (const [name, ups] of Object.entries(options.upses)) {
      if (ups.kind === 'dev') this.values.set(name, ups.values);
    }
    const names = typeof options.tls === 'string' ? options.tls : 'dns:ups.test,ip:127.0.0.1';
    const certificates = options.tls ? makeNutCertificates(folder, names) : undefined;
    this.authorityFile = certificates?.authorityFile;
    writeUpsdFiles(folder, {
      host: this.host,
      port,
      maxAgeSeconds: options.maxAgeSeconds ?? 15,
      upses: options.upses,
      users: options.users ?? {},
      directives: certificates?.directives ?? [],
    });
  }

  static async prepare(options: UpsdOptions): Promise<Upsd> {
    const folder = mkdtempSync(join(tmpdir(), 'hecate-nut-'));
    // Clients in the test read the authority; what is secret has its own mode.
    chmodSync(folder, 0o755);
    try {
      return new Upsd(options, folder, options.port ?? (await freePort()));
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  /** What the UPS says from now on. Resolves when its driver says so; upsd follows within milliseconds. */
  async set(ups: string, changes: Variables): Promise<void>;
  async set(ups: string, variable: string, value: string): Promise<void>;
  async set(ups: string, first: string | Variables, value = ''): Promise<void> {
    const before = this.values.get(ups);
    if (!before) throw new Error(`${ups} is no UPS of kind dev`);
    const changes = typeof first === 'string' ? { [first]: value } : first;
    const after = { ...before, ...changes };
    this.values.set(ups, after);
    writeDevice(this.folder, ups, after);
    giveToNut(this.folder);
    await this.drivers.get(ups)?.socket.set(changes);
  }

  /** As a crash: upsd answers DRIVER-NOT-CONNECTED. */
  async killDriver(ups: string): Promise<void> {
    const driver = this.driverOf(ups);
    this.drivers.delete(ups);
    driver.socket.close();
    await driver.program.end('SIGKILL');
    rmSync(this.socketOf(ups), { force: true });
  }

  /** Takes two seconds: dummy-ups is slow to begin. */
  async startDriver(ups: string): Promise<void> {
    if (this.drivers.has(ups)) throw new Error(`the driver of ${ups} runs`);
    const program = this.run(this.programOf(ups), ['-F', '-u', nutUser, '-a', ups]);
    this.starting.add(program);
    await this.untilUp(program, `the driver of ${ups} runs`, () => existsSync(this.socketOf(ups)));
    const socket = await until(() => DriverSocket.open(this.socketOf(ups)), {
      what: `the driver of ${ups} listens`,
    });
    this.drivers.set(ups, { program, socket });
    this.starting.delete(program);
    await socket.untilItSays(this.values.get(ups) ?? {});
  }

  /** The driver hears and says nothing, as with a lost cable: upsd answers DATA-STALE after its maximum age. */
  pauseDriver(ups: string): void {
    this.driverOf(ups).program.child.kill('SIGSTOP');
  }

  resumeDriver(ups: string): void {
    this.driverOf(ups).program.child.kill('SIGCONT');
  }

  async start(): Promise<void> {
    if (this.server) throw new Error('upsd runs');
    const server = this.run('upsd', ['-F', '-u', nutUser]);
    this.server = server;
    const names = [...this.drivers.keys()];
    await this.untilUp(server, 'upsd listens and has its drivers', () =>
      names.every((name) => server.log().includes(`Connected to UPS [${name}]`)),
    );
    if (this.options.within) return;
    for (const name of names) {
      // What upsd says until it has heard all of the driver.
      const isHeard = async () => !/ERR|"WAIT"/.test(await this.ask(`GET VAR ${name} ups.status`));
      await until(isHeard, { what: `upsd knows the values of ${name}` });
    }
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const server = this.server;
    this.server = undefined;
    await server?.end(signal);
  }

  /** On the same port; FSD is forgotten by it. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** The first line that upsd answers to one command, on a connection of its own. */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, this.host, () => socket.write(`${command}\nLOGOUT\n`));
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text.split('\n')[0] ?? ''));
    });
  }

  /** What upsd has said so far. */
  log(): string {
    return this.server?.log() ?? '';
  }

  /** Of upsd and its drivers. */
  pids(): number[] {
    return this.programs().map((program) => program.pid);
  }

  async destroy(): Promise<void> {
    for (const { socket } of this.drivers.values()) socket.close();
    await Promise.all(this.programs().map((program) => program.end('SIGKILL')));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private programs(): RunningProgram[] {
    const drivers = [...this.drivers.values()].map(({ program }) => program);
    return [...drivers, ...this.starting, ...(this.server ? [this.server] : [])];
  }

  private programOf(ups: string): 'dummy-ups' | 'nutdrv_qx' {
    return this.options.upses[ups]?.kind === 'serial' ? 'nutdrv_qx' : 'dummy-ups';
  }

  private run(program: 'upsd' | 'dummy-ups' | 'nutdrv_qx', args: readonly string[]): RunningProgram {
    const { within = [] } = this.options;
    return runProgram(program, args, { folder: this.folder, within });
  }

  private async untilUp(program: RunningProgram, what: string, isUp: () => boolean): Promise<void> {
    const state = await until(() => (program.child.exitCode !== null ? 'ended' : isUp() && 'up'), { what });
    if (state === 'ended') throw new Error(`gave up waiting until ${what}: it said\n${program.log()}`);
  }

  private driverOf(ups: string): Driver {
    const driver = this.drivers.get(ups);
    if (!driver) throw new Error(`no driver of ${ups} runs`);
    return driver;
  }

  private readonly socketOf = (ups: string): string => join(this.folder, `${this.programOf(ups)}-${ups}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
