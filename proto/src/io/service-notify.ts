/**
 * Tells systemd how the service is (sd_notify(3)). Node has no Unix datagram sockets, so the systemd-notify
 * command sends the messages; the unit needs NotifyAccess=all. Without NOTIFY_SOCKET nothing happens, and
 * nothing here ever throws: a service must not fail for want of somebody to tell.
 */
import { spawn } from 'node:child_process';

export interface ServiceNotifier {
  /** Started up, or done reloading. */
  ready(status?: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** Reloading its configuration; ready() ends it. */
  reloading(): void;
  stopping(status?: string): void;
  /**
   * Feeds the watchdog twice in each WATCHDOG_USEC, from a timer of the event loop: a loop that no longer turns
   * starves it. Returns what stops it.
   */
  startWatchdog(): () => void;
  /** Resolves when everything said so far has been sent or given up. */
  settled(): Promise<void>;
}

export interface NotifierOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** Told the first time a message cannot be sent. */
  readonly onFailure?: (message: string) => void;
}

/** systemd-notify waits until systemd has read the message: milliseconds, unless systemd hangs. */
const sendTimeLimitMs = 10_000;
/** Messages that wait for the one before (I14); the oldest give way. */
const waitingMax = 8;

type Message = readonly string[];

const keysOf = (message: Message): string => message.map((field) => field.split('=', 1)[0]).join();

/** CLOCK_MONOTONIC in microseconds, which systemd asks for with RELOADING=1. */
const monotonicUsec = (): bigint => process.hrtime.bigint() / 1000n;

/** One message by one child; gives what went wrong, or an empty text. */
function send(message: Message, environment: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', ['--', ...message], {
      env: environment,
      stdio: 'ignore',
      timeout: sendTimeLimitMs,
      killSignal: 'SIGKILL',
    });
    child.once('error', (error) => resolve(`systemd-notify cannot be run: ${error.message}`));
    child.once('exit', (code, signal) => {
      resolve(code === 0 ? '' : `systemd-notify ended with ${signal ?? `exit status ${code}`}`);
    });
  });
}

class CommandNotifier implements ServiceNotifier {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #onFailure: ((message: string) => void) | undefined;
  #waiting: Message[] = [];
  #sending: Promise<void> | undefined;
  #failed = false;

  constructor(environment: NodeJS.ProcessEnv, onFailure: ((message: string) => void) | undefined) {
    this.#environment = environment;
    this.#onFailure = onFailure;
  }

  ready(status?: string): void {
    this.#say(['READY=1', ...statusField(status)]);
  }

  status(text: string): void {
    this.#say(statusField(text));
  }

  reloading(): void {
    this.#say(['RELOADING=1', `MONOTONIC_USEC=${monotonicUsec()}`]);
  }

  stopping(status?: string): void {
    this.#say(['STOPPING=1', ...statusField(status)]);
  }

  startWatchdog(): () => void {
    const { WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = this.#environment;
    const periodMs = Number(usec) / 1000;
    if (!this.#environment.NOTIFY_SOCKET || !(periodMs > 0)) return () => undefined;
    if (pid !== undefined && Number(pid) !== process.pid) return () => undefined;
    const timer = setInterval(() => this.#say(['WATCHDOG=1']), Math.max(1, periodMs / 2));
    timer.unref();
    return () => clearInterval(timer);
  }

  async settled(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  #say(message: Message): void {
    if (!this.#environment.NOTIFY_SOCKET) return;
    // A newer status, or one more feeding of the watchdog, makes the one that still waits pointless.
    const last = this.#waiting.at(-1);
    if (last && keysOf(last) === keysOf(message)) this.#waiting.pop();
    this.#waiting.push(message);
    if (this.#waiting.length > waitingMax) this.#waiting.shift();
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const failure = await send(next, this.#environment);
      if (failure !== '' && !this.#failed) {
        this.#failed = true;
        this.#onFailure?.(failure);
      }
    }
    this.#sending = undefined;
  }
}

/** A status is one line; a line break would begin another field. */
function statusField(text: string | undefined): string[] {
  return text === undefined ? [] : [`STATUS=${text.replace(/[\r\n]+/g, ' ').slice(0, 1000)}`];
}

/** A notifier of the service that this process is. */
export function serviceNotifier(options: NotifierOptions = {}): ServiceNotifier {
  return new CommandNotifier({ ...(options.environment ?? process.env) }, options.onFailure);
}
