/**
 * Who may be whom: every host that is not what it says is refused, audited, and explained by the doctor; the nodes
 * that are what they say go on meanwhile.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formatJoinToken, parseJoinToken } from '../../proto/src/core/join-token.ts';
import {
  authorityExtensions,
  clientExtensions,
  type Made,
  makeCertificate,
  makeTestFolder,
} from '../../proto/test/support/openssl-authority.ts';
import { skipUnless } from '../nodes/fleet-for-test.ts';
import { until } from '../nodes/until.ts';
import { siteForTest } from '../site/site.ts';
import { auditOf, untilAudited } from './support/audit.ts';
import { identityOf, knock } from './support/knock.ts';
import { quickUnit, serves } from './support/serving.ts';

const skip = await skipUnless('user');

/** A certificate of the right form for the node beta, made by somebody else's authority. */
function makeForeign(): Made {
  const folder = makeTestFolder();
  try {
    const issuer = makeCertificate(folder, { commonName: 'Hecate test', extensions: authorityExtensions });
    return makeCertificate(folder, { extensions: clientExtensions('URI:urn:hecate:node:beta'), issuer });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

t.test('identities', { skip, timeout: 120_000 }, async (t) => {
  // Before anything runs: openssl holds this process up, and with it the proxies between agents and manager.
  const foreign = makeForeign();
  const site = await siteForTest(t, { names: ['alpha', 'beta'], units: quickUnit });
  const { manager } = site;
  const to = manager.listen;
  const [alpha, beta] = [site.agent('alpha'), site.agent('beta')];
  const secrets: string[] = [];
  const errorTexts: string[] = [];
  const enroll = async (name: string, ...options: string[]): Promise<string> => {
    const token = (await manager.ctlOrThrow('node', 'enroll', name, ...options)).trim();
    secrets.push(token);
    return token;
  };
  const doctor = async (name: string): Promise<string> => {
    const { stdout, stderr } = await manager.ctl(['doctor', name]);
    errorTexts.push(stdout, stderr);
    return stdout;
  };

  await t.test("one node's certificate does not open a session as another", async (t) => {
    const answer = await knock(to, identityOf(alpha), 'agent', 'beta');
    t.equal(answer.code, 'HEC_TLS');
    t.match(answer.message, 'the certificate is for alpha, the hello says beta');
    const entry = await untilAudited(manager, { who: 'beta', what: 'connect', outcome: 'refused' });
    t.match(entry, { code: 'HEC_TLS', reason: /alpha/, from: /^127\.0\.0\.1:\d+$/ });
    t.match(await doctor('beta'), /the certificate is for alpha/);
    await serves(t, site, 'after an impostor');
  });

  await t.test('no certificate, or none that we signed', async (t) => {
    const none = await knock(to, undefined, 'agent', 'alpha');
    t.match(none, { code: 'HEC_TLS', message: /no certificate was shown/ });
    await untilAudited(manager, { who: 'alpha', what: 'connect', reason: 'no certificate was shown' });
    t.match(await doctor('alpha'), /no certificate was shown/);

    const answer = await knock(to, foreign, 'agent', 'beta');
    t.match(answer, { code: 'HEC_TLS', message: /not signed by the authority of this site/ });
    const reason = 'the certificate is not signed by the authority of this site';
    await untilAudited(manager, {
      who: 'beta',
      what: 'connect',
      outcome: 'refused',
      code: 'HEC_TLS',
      reason,
    });
    t.match(await doctor('beta'), /not signed by the authority/);
    const operator = await knock(to, identityOf(alpha), 'operator', 'alpha');
    t.match(operator, { code: 'HEC_TLS', message: /only a certificate of an operator/ });
    t.match(
      await knock(to, identityOf(alpha), 'agent', 'alpha'),
      { code: 'welcomed' },
      'the control: its own',
    );
    await site.untilOnline();
    await serves(t, site, 'after strangers');
  });

  await t.test('a revoked node loses its session at once and does not come back', async (t) => {
    await manager.ctlOrThrow('node', 'revoke', 'beta');
    await until(() => /revoked/.test(beta.log), { what: 'the agent is told', timeoutMs: 5000 });
    const started = await manager.ctl(['start', 'beta', 'quick']);
    t.not(started.exitCode, 0, 'it is commanded no more');
    await untilAudited(manager, { what: 'revoke', subject: 'beta', outcome: 'done' });
    const refused = await untilAudited(manager, { who: 'beta', what: 'connect', code: 'HEC_REVOKED' });
    t.match(refused.reason, /the certificate of node beta was revoked/);
    await until(
      async () => {
        const metrics = await manager.ctlOrThrow('metrics');
        return Number(/refused_connections_total\{reason="revoked"\} (\d+)/.exec(metrics)?.[1]) > 3;
      },
      { what: 'it has tried some more', intervalMs: 200 },
    );
    const written = auditOf(manager, { who: 'beta', what: 'connect', code: 'HEC_REVOKED' }).length;
    t.equal(written, 1, 'its attempts of one minute fill one line of the audit log');
    t.equal((await manager.ctl(['doctor', 'beta'])).exitCode, 3);
    t.match(await doctor('beta'), /beta was revoked/);
    t.match(await doctor('beta'), /hecatectl node enroll beta/);
    t.equal((await site.connections()).alpha, 'online');
  });

  await t.test('enrolled again, it is back', async (t) => {
    await beta.join(await enroll('beta'));
    // The agent went on trying; it takes up the new identity by itself.
    await site.untilOnline('beta');
    await serves(t, site, 'after enrolling again');
    t.equal((await manager.ctl(['doctor', 'beta'])).exitCode, 0, await doctor('beta'));
  });

  await t.test('tokens: used, replaced, expired, altered, mistyped', async (t) => {
    const used = await enroll('gamma');
    const join = async (token: string) => {
      // Another host each time: an agent that asks again with its own key is welcome to.
      await alpha.node.runOrThrow(['sh', '-c', 'rm -rf "$HOME/other"']);
      const folder = `${alpha.node.home}/other`;
      const { host, port } = alpha.node.managerAddress();
      await alpha.node.writeFile(
        `${folder}/agent.conf`,
        `[Agent]\nManager=${host}:${port}\nIdentityDirectory=${folder}/identity\nStateDirectory=${folder}\n`,
      );
      const program = `${alpha.node.repository}/agent/bin/hecate-agent.js`;
      const argv = ['node', program, 'join', '--config', `${folder}/agent.conf`];
      const result = await alpha.node.run(argv, { input: `${token}\n` });
      errorTexts.push(result.stdout, result.stderr);
      return result;
    };
    t.equal((await join(used)).exitCode, 0, 'the control: it joins');
    const refusals: [string, string, RegExp][] = [['used', used, /used already/]];

    const replaced = await enroll('gamma');
    await enroll('gamma');
    refusals.push(['replaced', replaced, /replaced by a newer one/]);

    const good = parseJoinToken(await enroll('delta'));
    const altered = formatJoinToken({ ...good, secret: new Uint8Array(good.secret).fill(7) });
    secrets.push(altered);
    refusals.push(['altered', altered, /no such join token/]);
    for (const [what, token, why] of refusals) {
      const { tokenId, identity } = parseJoinToken(token);
      const result = await join(token);
      t.equal(result.exitCode, 77, `${what}: ${result.stderr}`);
      t.match(result.stderr, why, what);
      const entry = await untilAudited(manager, {
        who: `token ${tokenId}`,
        what: 'join',
        outcome: 'refused',
      });
      t.match(entry, { code: 'HEC_TOKEN', reason: why }, `${what}: audited`);
      t.match(await doctor(identity.name), why, `${what}: the doctor knows`);
    }

    const expiring = await enroll('epsilon', '--lifetime', '1s');
    const { tokenId, expiresAtMs } = parseJoinToken(expiring);
    await until(() => Date.now() > expiresAtMs, { what: 'the token has expired' });
    const expired = await join(expiring);
    t.equal(expired.exitCode, 77);
    t.match(expired.stderr, /expired/);
    await untilAudited(manager, { who: `token ${tokenId}`, what: 'join', outcome: 'refused' });
    t.match(await doctor('epsilon'), /expired/);

    // Mistyped ones never leave the host: the manager has nothing to refuse.
    const garbled = await join(`${used.slice(0, -8)}AAAAAAAA`);
    t.equal(garbled.exitCode, 77);
    t.match(garbled.stderr, /incomplete or mistyped/);
    await serves(t, site, 'after bad tokens');
  });

  await t.test('a token on the command line is refused', async (t) => {
    const token = await enroll('zeta');
    const program = `${alpha.node.repository}/agent/bin/hecate-agent.js`;
    for (const argv of [['join', token], ['join', `--token-file=${token}`], [token]]) {
      const result = await alpha.node.run(['node', program, ...argv]);
      t.equal(result.exitCode, 2, result.stderr);
      t.match(result.stderr, /standard input/);
      t.notMatch(result.stderr, token);
      errorTexts.push(result.stderr);
    }
  });

  await t.test('no secret is told anywhere', async (t) => {
    // A join that is on its way, so that its processes can be looked at.
    const token = await enroll('beta');
    const seen = new Set<string>();
    let isOver = false;
    const joining = beta.tryJoin(token).finally(() => {
      isOver = true;
    });
    await until(
      () => {
        for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
          try {
            seen.add(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
          } catch {
            // It has ended.
          }
        }
        return isOver;
      },
      { what: 'the join has ended', intervalMs: 10 },
    );
    const { exitCode } = await joining;
    t.equal(exitCode, 0);
    const places: Record<string, string> = {
      "the manager's log": manager.log(),
      'the audit log': readFileSync(manager.auditFile, 'utf8'),
      "alpha's log": alpha.log,
      "beta's log": beta.log,
      'what was printed': errorTexts.join('\n'),
      'the arguments of processes': [...seen].join('\n'),
    };
    const secretParts = secrets.map((text) => Buffer.from(parseJoinToken(text).secret).toString('base64url'));
    for (const [place, text] of Object.entries(places)) {
      t.ok(text.length > 0, `${place}: there is something to look at`);
      t.notOk(/PRIVATE KEY/.test(text), `${place}: no private key`);
      t.notOk(
        secrets.some((token) => text.includes(token)),
        `${place}: no token`,
      );
      t.notOk(
        secretParts.some((part) => text.includes(part)),
        `${place}: no secret of a token`,
      );
    }
    // On disk: keys only where they belong, and not readable to others; tokens nowhere.
    const files = readdirSync(manager.folder, { recursive: true, withFileTypes: true }).filter((e) =>
      e.isFile(),
    );
    for (const entry of files) {
      const text = readFileSync(join(entry.parentPath, entry.name), 'latin1');
      t.notOk(
        secretParts.some((part) => text.includes(part)),
        `${entry.name}: no secret of a token`,
      );
    }
  });
});
