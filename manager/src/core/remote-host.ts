/** The host in the address of a peer, which is `host:port`, `[v6]:port` or `unix:path`. */
export const hostOf = (remote: string): string => remote.replace(/:\d+$/, '');
