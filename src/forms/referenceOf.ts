import { PageConfig } from '@jupyterlab/coreutils';

/** Return the name of what the user owns, or `OWNER/NAME` of what another user of a hub shares. */
export function referenceOf({ name, owner }: { name: string; owner: string }): string {
  const user = PageConfig.getOption('hubServerUser');
  return user && owner !== user ? `${owner}/${name}` : name;
}
