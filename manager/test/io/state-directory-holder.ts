/** Holds a state directory until it is ended; prints its epoch, or why it could not. */
import { failureOf } from '@hecate/proto/core/errors.ts';
import { openStateDirectory } from '../../src/io/state-directory.ts';

try {
  const state = await openStateDirectory(process.argv[2] ?? '');
  console.log(JSON.stringify({ epoch: state.epoch }));
  process.stdin.once('end', () => void state.release()).resume();
} catch (thrown) {
  console.log(JSON.stringify(failureOf(thrown)));
}
