import t from 'tap';
import { readNutAddress } from '../../src/config/power-schema.ts';
import { findingsOf } from './findings-of.ts';

/** The one finding of a text, or all of them in one line. */
const finding = (text: string): string => findingsOf(text).join(' | ');
const ups = (keys: string): string =>
  finding(`power:\n  upses:\n    - { name: rack-a, ups: "ups@127.0.0.1"${keys} }\n`);

t.test('where a UPS is', async (t) => {
  t.strictSame(readNutAddress('ups@127.0.0.1:3494'), { nutName: 'ups', host: '127.0.0.1', port: 3494 });
  t.strictSame(readNutAddress('a.b-c_1@NAS.lan'), { nutName: 'a.b-c_1', host: 'nas.lan', port: 3493 });
  t.strictSame(readNutAddress('ups@[::1]'), { nutName: 'ups', host: '::1', port: 3493 });
  for (const text of [
    'ups',
    '@a',
    'ups@',
    'ups@::1',
    'ups@[1.2.3.4]',
    'ups@1.2.3',
    'ups@a:0',
    'ups@a:65536',
    'u p@a',
  ])
    t.equal(readNutAddress(text), undefined, text);
});

t.test('passwords come from files, with their user', async (t) => {
  t.equal(ups(', user: hecate, password_file: /password'), 'valid');
  t.match(ups(', user: hecate'), /user: .*expected password_file beside user; add password_file/);
  t.match(ups(', password_file: /password'), /expected user beside password_file/);
  t.match(ups(', password: secret'), /unknown key/);
  t.match(ups(', forced_shutdown: true'), /expected user and password_file beside it/);
  t.match(ups(', cut_power: true'), /cut_power: .*expected user and password_file beside it/);
  t.equal(ups(', cut_power: true, user: hecate, password_file: /password'), 'valid');
});

t.test('what only TLS has', async (t) => {
  for (const mode of ['optional', 'required']) t.equal(ups(`, tls: ${mode}, ca: /ca.pem`), 'valid');
  t.match(ups(', ca: /ca.pem'), /expected tls: required or optional beside it; write tls: required/);
  t.match(ups(', tls: on'), /expected one of off, optional, required/);
});

t.test('UPSes are told apart by their names', async (t) => {
  const two = (name: string) =>
    finding(`power: { upses: [{ name: a, ups: "ups@a" }, { name: ${name}, ups: "ups@b" }] }`);
  t.equal(two('b'), 'valid');
  t.match(two('a'), /expected each of the UPSes once/);
  t.match(two('"A b"'), /a name: 1 to 63/);
});

t.test('figures', async (t) => {
  const of = (text: string): string => finding(`power: { ${text} }`);
  t.equal(of('runtime_safety_factor: 1'), 'valid');
  for (const value of ['0.9', '6', 'x'])
    t.match(of(`runtime_safety_factor: ${value}`), /a number from 1 to 5/);
  t.match(of('debounce_polls: 1'), /a whole number from 2 to 20/);
  t.match(of('poll_interval: 2m'), /a duration from 200ms to 60s|a duration from 200ms to 1m/);
  t.match(of('mode: off'), /expected one of poweroff, cluster-only/);
  t.match(of('coordinator: off'), /expected one of powers-off, stays-up/);
  t.match(of('coordinator_halt: 2h'), /coordinator_halt: .*a duration from 1s to/);
  t.match(of('silence_limit: 0s'), /silence_limit: .*a duration from 1s to/);
});

t.test('feeds of nodes are UPSes, and enough of them', async (t) => {
  const node = (keys: string): string =>
    finding(
      `power: { upses: [{ name: rack-a, ups: "ups@a" }, { name: rack-b, ups: "ups@b" }] }\ninventory: [{ name: n, ${keys} }]`,
    );
  t.equal(node('feeds: [rack-a, rack-b], min_feeds: 2'), 'valid');
  t.equal(node('min_feeds: 2'), 'valid', 'all of the site are its feeds');
  t.match(
    node('feeds: [rack-c]'),
    /inventory\[0\]\.feeds\[0\]: .*the name of a UPS of power\.upses; did you mean/,
  );
  t.match(node('feeds: [rack-a], min_feeds: 2'), /min_feeds: .*expected at most 1: it has no more feeds/);
  t.match(node('feeds: []'), /expected a list of 1 to 8 feeds/);
});
