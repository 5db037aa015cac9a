/** A service for service-notify.test.ts. Argument: `turn` (a loop that turns) or `hang` (after one second, none). */
import { serviceNotifier } from '../../src/io/service-notify.ts';

const notifier = serviceNotifier({ onFailure: (message) => console.error(message) });
notifier.startWatchdog();
notifier.ready('up and running');
process.on('SIGHUP', () => {
  notifier.reloading();
  notifier.ready('reloaded\nRELOADING=1');
});
process.on('SIGTERM', async () => {
  notifier.stopping('going');
  await notifier.settled();
  process.exit(0);
});
setInterval(() => undefined, 1000);
if (process.argv[2] === 'hang') {
  setTimeout(() => {
    for (;;);
  }, 1000);
}
