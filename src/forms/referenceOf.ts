import { PageConfig } from '@jupyterlab/coreutils';

/** Return the name of what the user owns, or `OWNER/NAME` of what another user of a hub shares. */
export function referenceOf({ name, owner }: { name: string; owner: string }): string {
  return isOther(owner) ? `${owner}/${name}` : name;
}

/** Return whether something belongs to another user of a hub. */
export function isOther(owner: string): boolean {
  const user = PageConfig.getOption('hubServerUser');
  return !!user && owner !== user;
}
