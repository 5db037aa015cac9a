/** `power` as the file has it → PowerConfig. */
import type { ConfigFile } from './config-schema.ts';
import type { ForwardDeclaration, PowerConfig, UpsDeclaration } from './manager-config.ts';
import type { UpsFile } from './power-schema.ts';

const declarationOf = ({
  name,
  ups,
  tls,
  ca,
  server_name,
  user,
  password_file,
  forced_shutdown,
  cut_power,
}: UpsFile): UpsDeclaration => ({
  name,
  nutName: ups.nutName,
  host: ups.host,
  port: ups.port,
  tls,
  authorityFile: ca,
  serverName: server_name,
  credentials:
    user === undefined || password_file === undefined ? undefined : { user, passwordFile: password_file },
  setsForcedShutdown: forced_shutdown,
  cutsPower: cut_power,
});

function forwardOf(file: NonNullable<ConfigFile['power']['forward']>): ForwardDeclaration {
  return {
    to: file.to,
    identityDirectory: file.identity,
    acknowledgeWithinMs: file.acknowledge_within,
    progressWithinMs: file.progress_within,
    budgetMs: file.budget,
    hasLocalShutdown: file.local_shutdown,
  };
}

export function readPower({ power }: ConfigFile): PowerConfig {
  return {
    upses: power.upses.map(declarationOf),
    pollIntervalMs: power.poll_interval,
    debouncePolls: power.debounce_polls,
    runtimeSafetyFactor: power.runtime_safety_factor,
    budgetMs: power.budget,
    forwardingLatencyMs: power.forwarding_latency,
    onBatteryLimitMs: power.on_battery_limit,
    silenceLimitMs: power.silence_limit,
    mode: power.mode,
    coordinator: power.coordinator,
    coordinatorHaltMs: power.coordinator_halt,
    stableMainsMs: power.stable_mains,
    startupChargePercent: power.startup_charge,
    forward: power.forward && forwardOf(power.forward),
    peerWaitMs: power.peer_wait,
  };
}
