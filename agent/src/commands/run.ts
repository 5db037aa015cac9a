/** `hecate-agent run`: the agent as a service, from its files to its last word. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import { dialWebSocket } from '@hecate/proto/io/dial-websocket.ts';
import { readIdentity } from '@hecate/proto/io/identity-store.ts';
import { collectWhenIdle } from '@hecate/proto/io/idle-collection.ts';
import { clientTlsOptions } from '@hecate/proto/io/pinned-tls.ts';
import { type ReloadSignal, reloadSignal } from '@hecate/proto/io/reload-signal.ts';
import { type ServiceNotifier, serviceNotifier } from '@hecate/proto/io/service-notify.ts';
import { readBootId, systemClock } from '@hecate/proto/io/system-clock.ts';
import type { AgentConfig } from '../core/agent-config.ts';
import { Agent } from '../io/agent.ts';
import { openArmedOrderFile } from '../io/armed-order-file.ts';
import { CertificateRenewal } from '../io/certificate-renewal.ts';
import { isPolicyExpected, readPolicy } from '../io/config-file.ts';
import { openEpochFile } from '../io/epoch-file.ts';
import { runCommand } from '../io/exec-command.ts';
import { keepSystemd } from '../io/keep-systemd.ts';
import { type Logger, openLogger } from '../io/logger.ts';
import { type Dial, ManagerLink } from '../io/manager-link.ts';
import { openOperationJournal } from '../io/operation-journal.ts';
import { ownUnitName } from '../io/own-unit.ts';
import { lockStateDirectory } from '../io/state-lock.ts';
import { JournalctlLogs } from '../io/unit-logs.ts';
import { type AgentIdentity, loadIdentity } from './agent-identity.ts';
import { type CommandOptions, loadConfig } from './command-options.ts';

/** What is being persisted gets this long at the end. */
const closeTimeLimitMs = 1500;

export async function run(options: CommandOptions): Promise<number> {
  const hangUps = reloadSignal();
  const { file, config } = await loadConfig(options);
  const policy = await readPolicy(config.policyFile, isPolicyExpected(config));
  const identity = loadIdentity(config);
  const log = openLogger(config.logLevel);
  await mkdir(config.stateDirectory, { recursive: true, mode: 0o700 });
  const lock = await lockStateDirectory(config.stateDirectory);
  const agent = new Agent({
    nodeName: identity.nodeName,
    bootId: readBootId(),
    softwareVersion,
    ownUnit: await ownUnitName(),
    policy,
    journal: await openOperationJournal(join(config.stateDirectory, 'operations.jsonl'), log),
    epoch: await openEpochFile(join(config.stateDirectory, 'epoch')),
    armedOrder: await openArmedOrderFile(join(config.stateDirectory, 'armed-order.json'), log),
    logs: new JournalctlLogs(config.bus),
    runCommand: (request, systemd, sink) => runCommand(request, systemd, config.bus, sink),
    clock: systemClock,
    log,
  });
  log.info('started', {
    node: identity.nodeName,
    version: softwareVersion,
    config: file,
    policy: policy.source,
  });
  const stop = await serve(agent, config, identity, log, hangUps);
  await stop();
  await lock.release();
  return 0;
}

/** Runs until a signal; the result ends everything. */
async function serve(
  agent: Agent,
  config: AgentConfig,
  identity: AgentIdentity,
  log: Logger,
  hangUps: ReloadSignal,
): Promise<() => Promise<void>> {
  const notifier = serviceNotifier({ onFailure: (message) => log.warn(message) });
  const systemd = keepSystemd({ bus: config.bus });
  const bus = trackBus(systemd, agent, log, notifier);
  const link = new ManagerLink({
    addresses: identity.addresses,
    agent,
    dial: dialer(config),
    clock: systemClock,
    log,
    onEstablished: (session) => {
      notifier.status(`connected to ${session.remote}`);
      renewal?.sessionOpened(session);
    },
    onLost: (reason) => {
      notifier.status(`no manager: ${reason}`);
      renewal?.sessionClosed();
    },
  });
  const renewal = identity.stored && startRenewal(config, link, log);
  hangUps.serve(() => reloadPolicy(agent, config, log, notifier));
  const signal = ended();
  // Ready when the bus has answered or failed once: a manager that is away must not hold up the boot.
  await Promise.race([bus.firstAttempt, signal]);
  notifier.ready(
    link.session ? `connected to ${link.session.remote}` : `no manager yet: ${link.lastFailure}`,
  );
  const stopWatchdog = notifier.startWatchdog();
  const stopCollecting = collectWhenIdle(() => !agent.isBusy);
  const name = await signal;
  return async () => {
    log.info('stopping', { signal: name });
    notifier.stopping();
    stopWatchdog();
    stopCollecting();
    renewal?.close();
    link.close();
    await Promise.race([
      agent.close(),
      new Promise((resolve) => setTimeout(resolve, closeTimeLimitMs).unref()),
    ]);
    systemd.close();
    await Promise.race([notifier.settled(), new Promise((resolve) => setTimeout(resolve, 200).unref())]);
  };
}

function trackBus(
  systemd: ReturnType<typeof keepSystemd>,
  agent: Agent,
  log: Logger,
  notifier: ServiceNotifier,
): { firstAttempt: Promise<void> } {
  let last = '';
  const firstAttempt = new Promise<void>((resolve) => {
    systemd.onConnected((port) => {
      last = '';
      log.info('connected to systemd');
      agent.busConnected(port);
      resolve();
    });
    systemd.onDisconnected((reason) => {
      const { message } = asHecateError(reason, 'HEC_BUS_GONE');
      if (message !== last) {
        log.error('no connection to systemd', { why: message });
        notifier.status(`no connection to systemd: ${message}`);
      }
      last = message;
      agent.busLost(message);
      resolve();
    });
  });
  return { firstAttempt };
}

/** The identity is read again for each session: a renewal may have replaced it. */
function dialer(config: AgentConfig): Dial {
  return ({ address, connectTimeLimitMs, greetingTimeLimitMs }, signal) => {
    const tls = config.plainLoopback
      ? ('plain-loopback' as const)
      : clientTlsOptions(readIdentity(config.identityDirectory), address.host);
    return dialWebSocket({ address, tls, connectTimeLimitMs, greetingTimeLimitMs, signal });
  };
}

function startRenewal(config: AgentConfig, link: ManagerLink, log: Logger): CertificateRenewal {
  return new CertificateRenewal({
    directory: config.identityDirectory,
    handOver: () => link.handOver(),
    log,
  });
}

async function reloadPolicy(
  agent: Agent,
  config: AgentConfig,
  log: Logger,
  notifier: ServiceNotifier,
): Promise<void> {
  notifier.reloading();
  try {
    const policy = await readPolicy(config.policyFile, isPolicyExpected(config, agent.policy));
    agent.setPolicy(policy);
    log.info('the policy was read again', { policy: policy.source });
  } catch (error) {
    // What held before goes on holding: a slip in a file must not open or close a host.
    log.error('the policy cannot be used and the former one stays', { why: asHecateError(error).message });
  }
  notifier.ready();
}

function ended(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
}
