import type { Site } from '../site/site.ts';

/**
 * Lets a node's agent dial the manager itself: user-mode nodes reach it through the test's fault proxy, which lives
 * in the bench's own process and would be measured with it.
 */
export async function dialDirectly(site: Site, name: string): Promise<void> {
  const [node, agent] = [site.node(name), site.agent(name)];
  await agent.stop();
  const file = `${agent.folder}/agent.conf`;
  const { host, port } = site.manager.listen;
  const text = await node.readFile(file);
  await node.writeFile(file, text.replace(/^Manager=.*$/m, `Manager=${host}:${port}`));
  await agent.start();
  await site.untilOnline(name);
}
