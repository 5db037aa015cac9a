import t from 'tap';
import { systemdResult } from '../../src/core/systemd-result.ts';

t.equal(systemdResult({ result: 'dependency' }), 'dependency');
t.equal(systemdResult({ result: '' }), '');
t.equal(systemdResult({ result: 'refused' }), '', "the agent's word, not systemd's");
