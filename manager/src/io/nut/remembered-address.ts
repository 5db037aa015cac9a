/**
 * Names → addresses, also when nobody resolves them any more: in a power cut the name server is often gone before
 * the UPS is. The last address that a name had is better than none.
 */
import { lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Found = Parameters<Parameters<LookupFunction>[2]>;

/** A resolver tries its servers for 5 s each (resolv.conf(5)), longer than a look may take. */
const patienceMs = 500;
/** As many names as a site may have UPS servers, with room. */
const namesMax = 256;

/** For `net.connect`. The parameters are for tests. */
export function rememberingLookup(resolver: LookupFunction = resolve, waitMs = patienceMs): LookupFunction {
  const remembered = new Map<string, Found>();
  return (hostname, options, callback) => {
    const key = `${hostname} ${options.all === true} ${options.family ?? 0}`;
    let isAnswered = false;
    const answer = (found: Found): void => {
      if (isAnswered) return;
      isAnswered = true;
      clearTimeout(timer);
      callback(...found);
    };
    const before = remembered.get(key);
    const timer = before && setTimeout(() => answer(before), waitMs);
    resolver(hostname, options, (...found) => {
      const [error] = found;
      if (!error && (remembered.has(key) || remembered.size < namesMax)) remembered.set(key, found);
      answer(error && before ? before : found);
    });
  };
}

/** All connections of this process know the same addresses. */
export const rememberedLookup = rememberingLookup();
