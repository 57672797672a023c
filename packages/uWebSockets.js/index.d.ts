export * from 'uws-pack';
/** Option of `listen`: fail when another process has the port, instead of sharing it. */
export const LIBUS_LISTEN_EXCLUSIVE_PORT: number;
