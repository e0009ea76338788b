import { useEffect } from 'react';
import { Credential } from '../../api/types';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { showAgo, showMoment, useNow } from '../../components/format/times';
import { credentialIcon } from '../../icons/items';
import { Older, SearchBox, useSearch } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { ListState } from '../frame/ListState';
import { credentialsOf } from './collection';

const nameOf = ({ name }: Credential) => name;

/** Credentials in the sidebar: their names, without secrets. */
export function CredentialSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const credentials = credentialsOf(yard);
  const search = useSearch(credentials, nameOf);
  const now = useNow(false);
  useEffect(() => void credentials.start(), [credentials]);
  const run = (verb: string) => (one: Credential) =>
    void commands.execute(`nbyard:${verb}-credential`, { id: one.id });
  return (
    <div className="nby-Section">
      <ListState collection={credentials} trans={trans}>
        <p className="nby-Note">
          {trans.__(
            'Tokens, passwords and logins under a name. Their values are never shown again.'
          )}
        </p>
        <p className="nby-Note">
          <CommandButton commands={commands} id="nbyard:create-credential" />
        </p>
      </ListState>
      <SearchBox search={search} label={trans.__('Search credentials')} trans={trans} />
      <RowList
        label={trans.__('Credentials')}
        noun="credential"
        items={search.items}
        idOf={({ id }) => id}
        nameOf={nameOf}
        render={one => {
          const { name, kind, description, version, updated_at } = one;
          const changed = [kind, version > 1 && `v${version}`, showAgo(updated_at, now, trans)];
          return (
            <div
              className="nby-Thing"
              title={[name, description, showMoment(updated_at)].filter(Boolean).join('\n')}
            >
              <credentialIcon.react tag="span" className="nby-Icon" />
              <span className="nby-Row-name">{name}</span>
              <span className="nby-Thing-detail">{changed.filter(Boolean).join(' · ')}</span>
            </div>
          );
        }}
        onOpen={run('replace')}
        onSelect={run('replace')}
        onDelete={run('delete')}
      />
      {!search.text && <Older collection={credentials} trans={trans} />}
    </div>
  );
}
