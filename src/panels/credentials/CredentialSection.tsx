import { Credential } from '../../api/types';
import { showAgo, showMoment } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { credentialIcon } from '../../icons/items';
import { ListSection } from '../frame/ListSection';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { credentialsOf } from './collection';

/** Credentials in the sidebar: their names, without secrets. */
export function CredentialSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const now = useAgoNow(yard.stream);
  const replace = ({ id }: Credential) =>
    void commands.execute('nbyard:replace-credential', { id });
  return (
    <ListSection
      services={services}
      collection={credentialsOf(yard)}
      noun="credential"
      label={trans.__('Credentials')}
      searchLabel={trans.__('Search credentials')}
      none={trans.__(
        'Tokens, passwords and logins under a name. Their values are never shown again.'
      )}
      create="create-credential"
      nameOf={({ name }) => name}
      render={({ name, kind, description, version, updated_at }) => (
        <SideRow
          icon={credentialIcon}
          name={name}
          aside={showAgo(updated_at, now, trans)}
          detail={[kind, version > 1 && `v${version}`].filter(Boolean).join(' · ')}
          title={[name, description, showMoment(updated_at)].filter(Boolean).join('\n')}
        />
      )}
      onOpen={replace}
      onSelect={replace}
    />
  );
}
