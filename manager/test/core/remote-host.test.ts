import t from 'tap';
import { hostOf } from '../../src/core/remote-host.ts';

t.test('the host without its port, so that connections of one host are told to be of one', async (t) => {
  t.equal(hostOf('10.0.0.1:5001'), '10.0.0.1');
  t.equal(hostOf('[fd00::1]:5001'), '[fd00::1]');
  t.equal(hostOf('unix:/run/hecate/manager.sock'), 'unix:/run/hecate/manager.sock');
});
