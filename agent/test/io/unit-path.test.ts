import t from 'tap';
import { jobIdOfPath, unitNameOfPath, unitPath, unitPathPrefix } from '../../src/io/unit-path.ts';

t.test('names and paths, as systemd writes them', (t) => {
  const known: [name: string, label: string][] = [
    ['web.service', 'web_2eservice'],
    ['getty@tty1.service', 'getty_40tty1_2eservice'],
    ['dev-disk-by\\x2did-x.device', 'dev_2ddisk_2dby_5cx2did_2dx_2edevice'],
    ['-.mount', '_2d_2emount'],
    ['0a.slice', '_30a_2eslice'],
    ['a b.service', 'a_20b_2eservice'],
    ['größe.service', 'gr_c3_b6_c3_9fe_2eservice'],
    ['a_b.service', 'a_5fb_2eservice'],
    ['', '_'],
    [`${'-'.repeat(247)}.service`, `${'_2d'.repeat(247)}_2eservice`],
  ];
  for (const [name, label] of known) {
    t.equal(unitPath(name), unitPathPrefix + label, name);
    t.equal(unitNameOfPath(unitPathPrefix + label), name, label);
  }
  t.end();
});

t.test('other paths', (t) => {
  t.equal(unitNameOfPath('/org/freedesktop/systemd1/job/5'), undefined);
  t.equal(unitNameOfPath(unitPathPrefix), undefined);
  t.equal(unitNameOfPath(`${unitPathPrefix}a/b`), undefined);
  t.equal(unitNameOfPath(`${unitPathPrefix}a_zz_2`), 'a_zz_2', 'an underscore that escapes nothing');
  t.equal(jobIdOfPath('/org/freedesktop/systemd1/job/4294967295'), 4294967295);
  t.equal(jobIdOfPath('/org/freedesktop/systemd1/job/'), undefined);
  t.equal(jobIdOfPath('/org/freedesktop/systemd1/job/5x'), undefined);
  t.end();
});
