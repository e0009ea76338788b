import { useState } from 'react';
import { ShareLink } from '../../api/types';
import { useAnswer } from '../../api/useAnswer';
import { Button, LinkButton } from '../../components/Button';
import { showMoment } from '../../components/format/times';
import { copyText } from '../../components/problems';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';

/** The kinds of resources that a link can show. */
export const LINKED = ['dataset', 'run', 'workflow', 'deployment'];
const DAYS = ['1', '7', '30', '90', '365'];

interface IShareLinksProps {
  services: IPanelServices;
  kind: string;
  resource: string;
}

/** A button that copies a new link which shows one resource, and the links that do. */
export function ShareLinks({ services, kind, resource }: IShareLinksProps): JSX.Element {
  const { client } = services.yard;
  const { trans } = services;
  const [days, setDays] = useState(DAYS[2]);
  const [url, setUrl] = useState('');
  const [turn, setTurn] = useState(0);
  const path = { kind, resource };
  const { answer } = useAnswer(client, 'shares.links', { path }, { turn });
  const copy = () =>
    reportFailure(services, trans.__('The link is not copied.'), async () => {
      const body = { days: Number(days) };
      const link = await client.call('shares.create_link', { path, body });
      const address = new URL(link.url!, location.href).href;
      setUrl(address);
      setTurn(turn + 1);
      await copyText(address, trans.__('The link is copied.'));
    });
  const revoke = ({ id }: ShareLink) =>
    reportFailure(services, trans.__('Not revoked.'), async () => {
      await client.call('shares.revoke_link', { path: { ...path, link: id } });
      setUrl('');
      setTurn(turn + 1);
    });
  return (
    <section aria-label={trans.__('Links')}>
      <p className="nby-Note">
        {trans.__(
          'Or share a link, for reading only. It opens for users of this server, and for people without an account if the administrator allows them.'
        )}
      </p>
      <div className="nby-Bar">
        <Button onClick={() => void copy()}>{trans.__('Copy Link')}</Button>
        <label>
          {trans.__('Valid for')}{' '}
          <select value={days} onChange={event => setDays(event.target.value)}>
            {DAYS.map(number => (
              <option key={number} value={number}>
                {trans._n('%1 day', '%1 days', Number(number))}
              </option>
            ))}
          </select>
        </label>
      </div>
      {url && <input readOnly size={40} value={url} aria-label={trans.__('Link')} />}
      {!!answer?.items.length && (
        <ul className="nby-Links">
          {answer.items.map(link => (
            <li key={link.id}>
              {trans.__('Link of %1, until %2', link.creator, showMoment(link.expires_at))}{' '}
              <LinkButton onClick={() => void revoke(link)}>{trans.__('Revoke')}</LinkButton>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
