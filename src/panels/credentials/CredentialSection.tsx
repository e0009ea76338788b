import { Credential } from '../../api/types';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { showAgo, showMoment } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { credentialIcon } from '../../icons/items';
import { OlderButton, SearchBox, useSearch } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { ListState } from '../frame/ListState';
import { SideRow } from '../frame/SideRow';
import { credentialsOf } from './collection';

const nameOf = ({ name }: Credential) => name;

/** Credentials in the sidebar: their names, without secrets. */
export function CredentialSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const credentials = credentialsOf(yard);
  const search = useSearch(credentials, nameOf);
  const now = useAgoNow(yard.stream);
  const run = (verb: string) => (credential: Credential) =>
    void commands.execute(`nbyard:${verb}-credential`, { id: credential.id });
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
        render={credential => {
          const { name, kind, description, version, updated_at } = credential;
          return (
            <SideRow
              icon={credentialIcon}
              name={name}
              aside={showAgo(updated_at, now, trans)}
              detail={[kind, version > 1 && `v${version}`].filter(Boolean).join(' · ')}
              title={[name, description, showMoment(updated_at)].filter(Boolean).join('\n')}
            />
          );
        }}
        onOpen={run('replace')}
        onSelect={run('replace')}
        onDelete={run('delete')}
      />
      {!search.text && <OlderButton collection={credentials} trans={trans} />}
    </div>
  );
}
