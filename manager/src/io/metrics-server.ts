/** HTTP for Prometheus and for load balancers: /metrics and /healthz, nothing else, no authentication. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { formatManagerAddress, type ManagerAddress } from '@hecate/proto/core/manager-address.ts';

export interface MetricsPages {
  /** The text of /metrics. */
  text(): Promise<string>;
  /** Whether /healthz says 200 or 503. */
  isHealthy(): boolean;
}

export interface MetricsServer {
  /** Where it listens; the port that was chosen for port 0. */
  readonly address: ManagerAddress;
  close(): Promise<void>;
}

/** A few Prometheus servers, a load balancer and a person; each needs one. */
const connectionsMax = 32;
/** From the connection to the end of the headers: a scrape's arrive in one packet. */
const headersTimeLimitMs = 5_000;
const requestTimeLimitMs = 10_000;
/** A scrape interval is 15 to 60 s: keeping a connection that long costs more than a new one. */
const idleTimeLimitMs = 5_000;
/** A reader that takes nothing for so long is given up. */
const stalledTimeLimitMs = 15_000;
const headersBytesMax = 8 * 1024;

interface Page {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';

async function pageFor(request: IncomingMessage, pages: MetricsPages): Promise<Page> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: 'only GET\n' };
  switch (request.url?.split('?', 1)[0]) {
    case '/metrics':
      return { status: 200, body: await pages.text(), type: prometheusType };
    case '/healthz':
      return pages.isHealthy() ? { status: 200, body: 'ok\n' } : { status: 503, body: 'not healthy\n' };
    default:
      return { status: 404, body: 'there are /metrics and /healthz\n' };
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  pages: MetricsPages,
): Promise<void> {
  const page = await pageFor(request, pages).catch(
    (): Page => ({ status: 500, body: 'no metrics: see the log\n' }),
  );
  const body = Buffer.from(page.body);
  response.writeHead(page.status, {
    'content-type': page.type ?? 'text/plain; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    ...(page.status === 405 ? { allow: 'GET, HEAD' } : {}),
    // Only well-behaved requests may keep their connection.
    ...(page.status >= 400 && page.status !== 503 ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function createLimitedServer(pages: MetricsPages): Server {
  const server = createServer(
    {
      headersTimeout: headersTimeLimitMs,
      requestTimeout: requestTimeLimitMs,
      keepAliveTimeout: idleTimeLimitMs,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: headersBytesMax,
    },
    (request, response) => void answer(request, response, pages),
  );
  server.timeout = stalledTimeLimitMs;
  server.maxConnections = connectionsMax;
  server.maxRequestsPerSocket = 100;
  return server;
}

/** @throws HEC_CONFIG naming the address when it cannot be listened on */
export async function openMetricsServer(listen: ManagerAddress, pages: MetricsPages): Promise<MetricsServer> {
  const server = createLimitedServer(pages);
  try {
    server.listen(listen.port, listen.host);
    await once(server, 'listening');
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new HecateError(
      'HEC_CONFIG',
      `metrics.listen: cannot listen on ${formatManagerAddress(listen)}: ${reason}`,
      'see who listens there (ss -ltnp), then choose another address in metrics.listen, or metrics.enabled: false',
      thrown,
    );
  }
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: listen.host, port },
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
