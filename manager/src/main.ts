/** `hecate-manager`: reads its configuration, takes the state directory, serves until it is told to stop. */
import { parseArgs } from 'node:util';
import { asHecateError, errorTable, HecateError } from '@hecate/proto/core/errors.ts';
import { exitCodes } from '@hecate/proto/core/exit-codes.ts';
import { softwareVersion } from '@hecate/proto/core/version.ts';
import { collectWhenIdle } from '@hecate/proto/io/idle-collection.ts';
import { type ReloadSignal, reloadSignal } from '@hecate/proto/io/reload-signal.ts';
import { serviceNotifier } from '@hecate/proto/io/service-notify.ts';
import { loadConfig } from './config/load-config.ts';
import type { ManagerConfig } from './config/manager-config.ts';
import { demandPlans, formatPlanFinding, planFindings } from './config/plan-findings.ts';
import { planReload } from './config/plan-reload.ts';
import { openAuditLog } from './io/audit-log.ts';
import { createLogger } from './io/logger.ts';
import { openMetricsServer } from './io/metrics-server.ts';
import { openStateDirectory } from './io/state-directory.ts';
import { Manager } from './manager.ts';

const help = `hecate-manager: keeps sessions to the agents and gives every operation one definite outcome

  hecate-manager [--config FILE]    run (FILE: /etc/hecate/hecate.yaml)
  hecate-manager --check            read the configuration, say what is wrong with it, and end
  hecate-manager --version
  hecate-manager backup|restore     what hecatectl backup and hecatectl restore call

SIGHUP reads the configuration again; SIGTERM ends in order.
`;

interface Options {
  readonly config: string;
  readonly check: boolean;
}

function readOptions(argv: string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        config: { type: 'string', short: 'c', default: '/etc/hecate/hecate.yaml' },
        check: { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) process.stdout.write(help);
    else if (values.version) process.stdout.write(`hecate-manager ${softwareVersion}\n`);
    else return { config: values.config, check: values.check };
    return undefined;
  } catch (error) {
    throw new HecateError('HEC_USAGE', asHecateError(error).message, 'hecate-manager --help', error);
  }
}

function fail(thrown: unknown): never {
  const error = asHecateError(thrown);
  process.stderr.write(`hecate-manager: ${error.message}\n${error.remedy ? `  ${error.remedy}\n` : ''}`);
  process.exit(exitCodes[errorTable[error.code].exit].code);
}

async function run(file: string, hangUps: ReloadSignal): Promise<void> {
  let config = await loadConfig(file);
  const logger = createLogger(config.log.level);
  for (const finding of planFindings(config)) {
    logger[finding.isError ? 'error' : 'warn'](formatPlanFinding(file, finding));
  }
  const state = await openStateDirectory(config.stateDirectory);
  const audit = await openAuditLog(config.audit.file, { onFailure: (error) => logger.error(error.message) });
  const manager = await Manager.start({ config, state, audit, logger, softwareVersion });
  const metricsServer = config.metrics
    ? await openMetricsServer(config.metrics.listen, {
        text: () => manager.metrics.text(),
        isHealthy: () => manager.health().healthy,
      })
    : undefined;
  logger.info({ epoch: state.epoch, site: config.site, version: softwareVersion }, 'manager ready');
  const notifier = serviceNotifier({ onFailure: (message) => logger.warn(message) });
  notifier.ready(`epoch ${state.epoch}`);
  const stopWatchdog = notifier.startWatchdog();
  const stopCollecting = collectWhenIdle(() => manager.isIdle());

  const reload = async (): Promise<void> => {
    notifier.reloading();
    audit.reopen();
    const next = await loadConfig(file);
    for (const warning of demandPlans(file, next)) logger.warn(warning);
    const plan = planReload(config, next);
    for (const { key, reason } of plan.refused) logger.error(`not reloaded: ${key}: ${reason}`);
    config = plan.config;
    logger.setLevel(config.log.level);
    await manager.reconfigure(config);
    logger.info({ applied: plan.applied }, 'configuration reloaded');
  };
  hangUps.serve(() =>
    reload()
      .catch((error) => logger.error(`the configuration stays as it was: ${asHecateError(error).message}`))
      .finally(() => notifier.ready()),
  );

  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    notifier.stopping();
    stopWatchdog();
    stopCollecting();
    await manager.stop();
    await metricsServer?.close();
    await audit.close();
    await state.release();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void stop().catch(fail));
  }
}

async function check(file: string): Promise<void> {
  const config: ManagerConfig = await loadConfig(file);
  for (const warning of demandPlans(file, config)) process.stderr.write(`warning: ${warning}\n`);
  process.stdout.write(`${file} is valid: site ${config.site}\n`);
}

try {
  const [name = ''] = process.argv.slice(2);
  if (name === 'backup' || name === 'restore') {
    const { runBackupCommand } = await import('./backup/command.ts');
    process.exit(await runBackupCommand(process.argv.slice(2)));
  }
  const options = readOptions(process.argv.slice(2));
  if (options) await (options.check ? check(options.config) : run(options.config, reloadSignal()));
} catch (error) {
  fail(error);
}
