/** `hecatectl bootstrap` at each boot of the coordinator, and an operator who starts what nobody else does. */
import type { RunId } from '../../manager/src/core/runs/run.ts';
import type { PowerWorld } from './power-world.ts';

const lookEveryMs = 5000;

export class Bootstrap {
  isRunning = false;
  /** Power is not good yet, or never will be. */
  get isWaiting(): boolean {
    return this.#asked === undefined;
  }

  #asked: RunId | undefined;
  readonly #power: PowerWorld;

  constructor(power: PowerWorld) {
    this.#power = power;
  }

  /** At a boot; one that is there already goes on. */
  begin(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.#asked = undefined;
    this.#power.world.log('bootstrap begins');
    this.#look();
  }

  #look(): void {
    const { world } = this.#power;
    world.time.after(lookEveryMs, () => {
      if (!world.managerHost.isOn) this.#end('the host goes off');
      else if (this.#asked) this.#follow(this.#asked);
      else this.#ask();
    });
  }

  #end(why: string): void {
    this.isRunning = false;
    this.#power.world.log(`bootstrap ends: ${why}`);
    this.#power.world.sometimes(`bootstrap: ${why}`);
  }

  #ask(): void {
    const { ofManager, world } = this.#power;
    const verdict = world.manager.process.isFrozen ? undefined : ofManager?.startup();
    if (verdict?.state === 'refused') {
      this.#end('refused');
      return;
    }
    if (verdict?.state === 'ready') this.request('bootstrap', false);
    this.#look();
  }

  request(by: string, isOverridden: boolean): void {
    const { ofManager, world } = this.#power;
    if (!ofManager) return;
    const request = ofManager.startupRequest(by);
    if (isOverridden) world.overridden.add(request.runId);
    world.manager.request(request, isOverridden, (answer) => {
      if (answer.type === 'answer-request') this.#asked = answer.runId;
    });
  }

  #follow(runId: RunId): void {
    const run = this.#power.world.checkers.runs.get(runId);
    if (run?.isEnded) this.#end(`startup ${run.state.outcome ?? 'unknown'}`);
    else this.#look();
  }
}

/** hecate-bootstrap.service. */
export function bootstrapAtBoots(power: PowerWorld, bootstrap: Bootstrap): void {
  const { managerHost, manager, time, chance } = power.world;
  let { boot } = managerHost;
  const look = () => {
    time.after(1000, look);
    if (managerHost.boot === boot || !managerHost.isOn) return;
    boot = managerHost.boot;
    time.after(chance.between(500, 5000), () => manager.start());
    bootstrap.begin();
  };
  look();
}
