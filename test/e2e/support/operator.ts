/** An operator's session held open, for tests in which hecatectl's own start would blur the moment. */
import { connect } from 'node:net';
import {
  createHello,
  createNodeSelection,
  createOperate,
  type NodeOutcome,
  type Verb,
} from '@hecate/proto/generated/wire.ts';
import { Session } from '@hecate/proto/io/session-host.ts';
import { streamTransport } from '@hecate/proto/io/stream-transport.ts';
import { systemClock } from '@hecate/proto/io/system-clock.ts';

export class Operator {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  static async open(socket: string): Promise<Operator> {
    const connection = connect(socket);
    await new Promise((resolve, reject) => connection.once('connect', resolve).once('error', reject));
    return new Promise((resolve, reject) => {
      const session: Session = new Session('dialler', streamTransport(connection, socket), systemClock, {
        onEstablished: () => resolve(new Operator(session)),
        onEnded: ({ message }) => reject(new Error(message)),
      });
      session.open(createHello({ peerKind: 'operator', name: 'test', protocolMin: 1, protocolMax: 1 }));
    });
  }

  /** The request has left when this returns; what it gives is the one answer. @param unit empty for verbs of a node */
  async operate(verb: Verb, node: string, unit: string, timeLimitMs: number): Promise<NodeOutcome> {
    const answers: NodeOutcome[] = [];
    await this.#session.call(
      {
        case: 'operate',
        value: createOperate({
          nodes: createNodeSelection({ patterns: [node] }),
          verb,
          units: unit === '' ? [] : [unit],
          timeLimitMs,
        }),
      },
      {
        timeLimitMs: timeLimitMs + 3000,
        onItem: (item) => {
          if (item.case === 'nodeOutcome') answers.push(item.value);
        },
      },
    );
    const [answer] = answers;
    if (answers.length !== 1 || !answer) throw new Error(`${answers.length} answers to one operation`);
    return answer;
  }

  close(): void {
    this.#session.end('HEC_SHUTTING_DOWN', 'the test is over');
  }
}
