import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { createLogger, type ManagerLogger } from '../../src/io/logger.ts';

function logged(level: string, use: (logger: ManagerLogger) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  use(createLogger(level, { write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

t.test('JSON lines with level, time and message', async (t) => {
  const lines = logged('info', (logger) => {
    logger.debug('no');
    logger.info('started');
    logger.warn({ node: 'a', attempts: 3 }, 'slow');
  });
  t.match(lines, [
    { level: 'info', time: /^20\d\d-.*Z$/, msg: 'started' },
    { level: 'warn', node: 'a', attempts: 3, msg: 'slow' },
  ]);
  t.equal(lines.length, 2);
});

t.test('the level changes while it runs', async (t) => {
  const lines = logged('error', (logger) => {
    logger.warn('no');
    t.equal(logger.setLevel('debug'), 'error');
    t.equal(logger.level, 'debug');
    logger.debug('yes');
    t.throws(() => logger.setLevel('inof'), { code: 'HEC_USAGE', remedy: 'did you mean info?' });
    t.throws(() => logger.setLevel('silent'), { code: 'HEC_USAGE', remedy: /debug, info, warn, error/ });
    t.equal(logger.setLevel('error'), 'debug');
    logger.warn('no');
  });
  t.same(
    lines.map(({ msg }) => msg),
    ['yes'],
  );
  t.throws(() => createLogger('loud'), { code: 'HEC_USAGE' });
});

const pem = '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----';

t.test('secrets do not get into it, by name or by shape', async (t) => {
  const secret = 'S3CR3T';
  const lines = logged('info', (logger) => {
    for (const name of [
      'token',
      'joinToken',
      'secret',
      'key',
      'privateKey',
      'private_key',
      'keyPem',
      'privateKeyPem',
      'password',
      'passphrase',
      'authorization',
      'TOKEN',
    ]) {
      logger.info({ [name]: secret, deep: { list: [{ [name]: { inner: secret } }] } }, 'x');
    }
    logger.info(
      { text: `see hecate-join-${secret}_-x end`, error: new Error(`bad ${pem.replace('MIGH', secret)}`) },
      'x',
    );
    logger.info(`joined with hecate-join-${secret}`);
    logger.info(
      { error: Object.assign(new Error('x'), { code: 'HEC_TOKEN', token: secret }) },
      `hecate-join-${secret}`,
    );
  });
  t.equal(lines.length, 15);
  t.notMatch(JSON.stringify(lines), secret);
  t.match(lines[12], { text: 'see [redacted] end' });
  t.match(lines[14], { error: { code: 'HEC_TOKEN' } });
});

t.test('what only sounds like one stays', async (t) => {
  const fields = { tokenId: '17', publicKey: 'P', keyboard: 'de', monkey: 1, node: 'token-ring' };
  t.match(
    logged('info', (logger) => logger.info(fields, 'the key is under the mat')),
    [{ ...fields, msg: 'the key is under the mat' }],
  );
});

t.test('a bottomless or circular field does not hang it', async (t) => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  t.equal(logged('info', (logger) => logger.info({ circular }, 'x')).length, 1);
});

t.test('everything is on stderr when the process ends at once', async (t) => {
  const module = join(import.meta.dirname, '../../src/io/logger.ts');
  const program = `import { createLogger } from ${JSON.stringify(module)};
    const logger = createLogger('info');
    for (let i = 0; i < 500; i += 1) logger.info({ i }, 'line');
    process.kill(process.pid, 'SIGKILL');`;
  const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  t.equal(stdout, '');
  t.equal(stderr.split('\n').filter((line) => line.includes('"msg":"line"')).length, 500);
});
