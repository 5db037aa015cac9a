/** Who listens to what systemd tells: the part of core/systemd-port.ts that is about events. */
import type { FinishedJob, UnitChange, UnitState, Unsubscribe } from '../core/systemd-port.ts';
import { ListenerSet } from './listener-set.ts';

export class SystemdEvents {
  protected readonly newOwner = new ListenerSet<undefined>();
  protected readonly jobRemoved = new ListenerSet<FinishedJob>();
  protected readonly unitChanged = new ListenerSet<UnitChange>();
  protected readonly unitRemoved = new ListenerSet<string>();
  protected readonly unitsListed = new ListenerSet<UnitState[]>();
  protected readonly reloading = new ListenerSet<boolean>();
  protected readonly unitFilesChanged = new ListenerSet<undefined>();

  onNewOwner(listener: () => void): Unsubscribe {
    return this.newOwner.add(listener);
  }

  onJobRemoved(listener: (job: FinishedJob) => void): Unsubscribe {
    return this.jobRemoved.add(listener);
  }

  onUnitChanged(listener: (change: UnitChange) => void): Unsubscribe {
    return this.unitChanged.add(listener);
  }

  onUnitRemoved(listener: (name: string) => void): Unsubscribe {
    return this.unitRemoved.add(listener);
  }

  onUnitsListed(listener: (units: UnitState[]) => void): Unsubscribe {
    return this.unitsListed.add(listener);
  }

  onReloading(listener: (active: boolean) => void): Unsubscribe {
    return this.reloading.add(listener);
  }

  onUnitFilesChanged(listener: () => void): Unsubscribe {
    return this.unitFilesChanged.add(listener);
  }
}
