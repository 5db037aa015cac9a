/** Carries the update of this host out: what `core/host-update.ts` decides, in its order. */
import { asHecateError, HecateError } from '@hecate/proto/core/errors.ts';
import { chooseRelease, packagesOf } from './core/choose-release.ts';
import {
  type Backup,
  type Change,
  type HostOutcome,
  type HostUpdateEffect,
  type HostUpdateInput,
  type HostUpdateState,
  idle,
  stepHostUpdate,
} from './core/host-update.ts';
import { isForMachine } from './core/package-name.ts';
import type { OfferedPackage } from './core/release-sums.ts';
import {
  type HealthBefore,
  healthBefore,
  type ServiceStarts,
  serviceStarts,
  startAgain,
  troubleAfter,
} from './io/health.ts';
import { hindranceHere } from './io/hindrance.ts';
import { backUpManager, restoreManager } from './io/manager-backup.ts';
import type { PackageTool } from './io/package-tool.ts';
import type { StateFolder } from './io/state-folder.ts';
import type { UpdateSource } from './io/update-source.ts';

export interface HostRunnerOptions {
  readonly folder: StateFolder;
  readonly tool: PackageTool;
  readonly source: UpdateSource;
  readonly healthTimeLimitMs: number;
  /** A sentence for the journal. */
  readonly tell: (sentence: string) => void;
}

export class HostRunner {
  readonly #options: HostRunnerOptions;
  #state: HostUpdateState = idle;
  #before: HealthBefore | undefined;
  /** Before the last installation. */
  #starts: ServiceStarts = new Map();
  #installed: ReadonlyMap<string, string> = new Map();
  #offered: readonly OfferedPackage[] = [];

  constructor(options: HostRunnerOptions) {
    this.#options = options;
  }

  /**
   * @param isRetry whether releases that did not come up are tried again
   * @returns what became of it, `current` where there was nothing to do, `refused` where what is newer did not come up before
   * @throws HEC_CONFIG, HEC_POLICY, HEC_STATE: nothing was changed then
   */
  async run(isRetry: boolean): Promise<HostOutcome | 'current' | 'refused'> {
    const { folder, tool, source, tell } = this.#options;
    const resumed = await this.resume();
    if (resumed !== undefined) return resumed;
    if (isRetry) {
      this.#state = idle;
      await folder.write(idle);
    }
    this.#installed = await tool.installed();
    const machine = await tool.machine();
    const isForHere = ({ file }: OfferedPackage): boolean => isForMachine(file, tool.format, machine);
    this.#offered = (await source.offered()).filter(isForHere);
    const { refused } = this.#state;
    const choice = chooseRelease({ installed: this.#installed, offered: this.#offered, refused });
    if (choice.type === 'wrong') throw new HecateError('HEC_STATE', choice.sentence, choice.remedy);
    if (choice.type !== 'update') {
      tell(choice.sentence);
      return choice.type === 'none' ? 'current' : 'refused';
    }
    const { from, to } = choice;
    return (await this.#step({ type: 'begin', from, to })) ?? 'current';
  }

  /** Ends an update that was cut short, and begins none. @returns how; undefined: there is none. @throws HEC_STATE */
  async resume(): Promise<HostOutcome | undefined> {
    const { folder } = this.#options;
    this.#state = await folder.read();
    const outcome = await this.#step({ type: 'resume' });
    // The mark of one that had changed nothing yet.
    if (outcome === undefined) await folder.write(this.#state);
    return outcome;
  }

  /** @returns how it ended; undefined when nothing had been begun */
  async #step(first: HostUpdateInput): Promise<HostOutcome | undefined> {
    for (let input: HostUpdateInput | undefined = first; input; ) {
      const { state, effects } = stepHostUpdate(this.#state, input);
      this.#state = state;
      input = undefined;
      for (const effect of effects) {
        if (effect.type === 'end') {
          this.#options.tell(effect.sentence);
          return effect.outcome;
        }
        input = await this.#carryOut(effect).catch(failed);
        if (input?.type === 'failed' && effect.type === 'persist')
          throw new HecateError('HEC_STATE', input.why, 'is the disk of the state directory full?');
      }
    }
    return undefined;
  }

  async #carryOut(effect: Exclude<HostUpdateEffect, { type: 'end' }>): Promise<HostUpdateInput | undefined> {
    const { folder, tool, healthTimeLimitMs, tell } = this.#options;
    switch (effect.type) {
      case 'persist':
        await folder.write(this.#state);
        return undefined;
      case 'prepare':
        tell(`release ${effect.to} is offered, ${effect.from} is here`);
        await this.#prepare(effect);
        return { type: 'prepared' };
      case 'ask':
        return { type: 'asked', hindrance: await hindranceHere() };
      case 'install':
        this.#before ??= await healthBefore();
        this.#starts = await serviceStarts();
        tell(`installing ${effect.version}`);
        await tool.install(await this.#keptOf(effect.version));
        return { type: 'installed' };
      case 'back-up':
        return { type: 'backed-up', backup: await this.#backUp(effect) };
      case 'restore':
        tell(`the manager does not start on its state: ${effect.backup.file} is restored`);
        for (const sentence of await restoreManager(effect.backup.file)) tell(sentence);
        return { type: 'restored' };
      case 'check':
        return this.#check(healthTimeLimitMs);
    }
  }

  async #check(timeLimitMs: number): Promise<HostUpdateInput> {
    const before = this.#before ?? (await healthBefore());
    await startAgain(before, this.#starts);
    const trouble = await troubleAfter(before, timeLimitMs);
    if (!trouble) return { type: 'healthy' };
    const { why, isStateRefused, isElsewhere } = trouble;
    if (isElsewhere) return { type: 'failed-elsewhere', why };
    return isStateRefused ? { type: 'state-refused', why, nowMs: Date.now() } : { type: 'failed', why };
  }

  /** Whoever would not start on it any more has its state of before. */
  async #backUp({ from }: Change): Promise<Backup | null> {
    const { folder, tell } = this.#options;
    if (!this.#installed.has('hecate-manager')) return null;
    try {
      const backup = await backUpManager(await folder.backups(), from, Date.now());
      tell(`backup of the manager: ${backup.file}`);
      return backup;
    } catch (thrown) {
      const { services } = await healthBefore();
      if (services.has('hecate-manager.service')) throw thrown;
      tell(`no backup of the manager, which does not run here: ${asHecateError(thrown).message}`);
      return null;
    }
  }

  /** The next release, and the way back, before anything is changed. */
  async #prepare({ from, to }: Change): Promise<void> {
    const { folder, tool } = this.#options;
    const names = [...this.#installed.keys()];
    await folder.forgetOthers([from, to]);
    // What is installed here may be other than it was when they were kept: more, and it would be left without those that
    // it needs; less, and what was removed would come back.
    for (const version of [from, to])
      if (!(await folder.keepsOnly(version, names, tool.format))) await this.#bring(version);
  }

  async #bring(version: string): Promise<void> {
    const { folder, source, tool } = this.#options;
    const names = [...this.#installed.keys()];
    const packages = packagesOf(this.#offered, names, version);
    const missing = names.filter((name) => !packages.some((each) => each.name === name));
    if (missing.length > 0)
      throw new HecateError(
        'HEC_STATE',
        `there would be no way back: of ${version}, ${missing.join(', ')} is neither kept here nor offered`,
        `offer the packages of ${version} beside the new ones, this once`,
      );
    const incoming = await folder.incoming();
    for (const each of packages) {
      const file = await source.fetch(each, incoming);
      const { name, version: own } = await tool.identify(file);
      if (name !== each.name || own !== version)
        throw new HecateError(
          'HEC_STATE',
          `${each.file} is ${name} ${own}: another package than its name says`,
        );
    }
    await folder.keep(incoming, version);
  }

  async #keptOf(version: string): Promise<readonly string[]> {
    const files = await this.#options.folder.kept(version);
    if (files.length > 0) return files;
    throw new HecateError(
      'HEC_STATE',
      `the packages of ${version} are not kept here`,
      'install them by hand',
    );
  }
}

const failed = (thrown: unknown): HostUpdateInput => {
  const { message, remedy } = asHecateError(thrown);
  return { type: 'failed', why: remedy === '' ? message : `${message} (${remedy})` };
};
