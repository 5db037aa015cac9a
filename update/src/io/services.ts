/** Hecate's services on this host, as systemd tells them. */
import { runOrThrow } from './run-command.ts';

export type ServiceName = 'hecate-agent.service' | 'hecate-manager.service';

export interface ServiceState {
  readonly name: ServiceName;
  readonly isActive: boolean;
  /** ActiveState and SubState, for messages. */
  readonly words: string;
  /** What it says of itself: `connected to …` of an agent with a session. */
  readonly status: string;
  /** Another one after each start. */
  readonly invocationId: string;
  /** Of its program when it ended the last time; 0 while one runs. */
  readonly exitStatus: number;
}

const names: readonly ServiceName[] = ['hecate-agent.service', 'hecate-manager.service'];

async function stateOf(name: ServiceName): Promise<ServiceState> {
  const properties = ['ActiveState', 'SubState', 'InvocationID', 'StatusText', 'ExecMainStatus'].map(
    (property) => `--property=${property}`,
  );
  const text = await runOrThrow(['systemctl', 'show', ...properties, name]);
  const values = new Map(text.split('\n').map((line) => line.split('=', 2) as [string, string]));
  const active = values.get('ActiveState') ?? '';
  return {
    name,
    isActive: active === 'active',
    words: `${active} (${values.get('SubState') ?? ''})`,
    status: values.get('StatusText') ?? '',
    invocationId: values.get('InvocationID') ?? '',
    exitStatus: Number(values.get('ExecMainStatus') ?? ''),
  };
}

export const serviceStates = (): Promise<readonly ServiceState[]> => Promise.all(names.map(stateOf));
