import t from 'tap';
import { parseLogLevel } from '../../src/core/log-level.ts';

t.equal(parseLogLevel('INFO'), 'info');
t.equal(parseLogLevel('verbose'), undefined);
