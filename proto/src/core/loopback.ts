/** Whether a host is this one, so that unauthenticated frames cannot leave it. Names are not looked up. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
