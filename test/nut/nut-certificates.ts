/** Certificates for a test's upsd: Debian builds it with NSS, which keeps them in a database of its own. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface NutCertificates {
  /** PEM, for clients. */
  readonly authorityFile: string;
  /** Lines of upsd.conf. */
  readonly directives: readonly string[];
}

/** An authority and a server certificate for these names, e.g. `dns:ups.test,ip:127.0.0.1`. */
export function makeNutCertificates(folder: string, names: string): NutCertificates {
  const database = join(folder, 'nss');
  mkdirSync(database, { mode: 0o700 });
  const passwordFile = join(folder, 'nss-password');
  const password = randomBytes(8).toString('hex');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const noiseFile = join(folder, 'nss-noise');
  writeFileSync(noiseFile, randomBytes(64));

  const certutil = (args: readonly string[], input = ''): string =>
    execFileSync('certutil', [...args, '-d', `sql:${database}`, '-f', passwordFile], {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  const key = ['-z', noiseFile, '-k', 'ec', '-q', 'nistp256', '-v', '12'];
  certutil(['-N']);
  // Asks: is it an authority, how long may chains be, is that critical.
  certutil(
    ['-S', '-x', '-2', '-m', '1', '-n', 'authority', '-s', 'CN=authority', '-t', 'C,,', ...key],
    'y\n\nn\n',
  );
  certutil([
    ...['-S', '-c', 'authority', '-m', '2', '-n', 'server', '-s', 'CN=server', '-t', ',,'],
    ...[...key, '--extSAN', names],
  ]);
  const authorityFile = join(folder, 'authority.pem');
  writeFileSync(authorityFile, certutil(['-L', '-a', '-n', 'authority']), { mode: 0o644 });
  return {
    authorityFile,
    directives: [`CERTPATH ${database}`, `CERTIDENT "server" "${password}"`, 'DISABLE_WEAK_SSL true'],
  };
}
