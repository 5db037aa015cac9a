/**
 * What systemd calls a unit: `mysql.service` may be a name of `mariadb.service`, and the fleet knows units by their own
 * name alone. A gate that looked for the other one would see a unit that is not loaded, and so stopped (I12).
 */
import { asHecateError } from '@hecate/proto/core/errors.ts';
import type { NodeName } from '@hecate/proto/core/names.ts';
import { createQuery } from '@hecate/proto/generated/wire.ts';
import type { Session } from '@hecate/proto/io/session-host.ts';
import { unitKey } from './unit-key.ts';

/** Names that are remembered (I14): far more than the gates of a site look for. */
const idsMax = 20_000;

export class UnitIds {
  readonly #sessionOf: (node: NodeName) => Session | undefined;
  /** By unitKey; good for the session in which it was asked. */
  readonly #ids = new Map<string, { readonly session: Session; readonly id: string }>();

  constructor(sessionOf: (node: NodeName) => Session | undefined) {
    this.#sessionOf = sessionOf;
  }

  /**
   * Asked once in each session of the node.
   * @returns the name itself when there is no such unit
   * @throws HecateError when the agent cannot say
   */
  async idOf(node: NodeName, unit: string, timeLimitMs: number): Promise<string> {
    const session = this.#sessionOf(node);
    if (!session) return unit;
    const key = unitKey(node, unit);
    const known = this.#ids.get(key);
    if (known?.session === session) return known.id;
    const id = await askId(session, unit, timeLimitMs);
    if (this.#ids.size >= idsMax) this.#ids.clear();
    this.#ids.set(key, { session, id });
    return id;
  }
}

async function askId(session: Session, unit: string, timeLimitMs: number): Promise<string> {
  const value = createQuery({ query: { case: 'unitStatus', value: { unit, logLines: 0 } } });
  try {
    const outcome = await session.call({ case: 'query', value }, { timeLimitMs });
    const result = outcome.case === 'queryResult' ? outcome.value.result : undefined;
    return (result?.case === 'unitStatus' && result.value.state?.name) || unit;
  } catch (thrown) {
    const error = asHecateError(thrown);
    if (error.code === 'HEC_NO_SUCH_UNIT') return unit;
    throw error;
  }
}
