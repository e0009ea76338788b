import { TranslationBundle } from '@jupyterlab/translation';
import { linkIcon } from '@jupyterlab/ui-components';
import { Deployment } from '../../api/types';
import { IYard } from '../../api/yard';
import { addressOf } from './state/texts';

interface ILinksProps {
  yard: IYard;
  deployment: Deployment;
  trans: TranslationBundle;
  /** Only links that respond, as icons that a list steps through. */
  bare?: boolean;
}

/** The links of a deployment; a link that does not respond is disabled. */
export function Links({ yard, deployment, trans, bare }: ILinksProps): JSX.Element {
  const { links, title, started_at } = deployment;
  return (
    <>
      {links
        .filter(({ answers }) => answers || (!bare && started_at))
        .map(link =>
          link.answers ? (
            <a
              key={link.name}
              className={`nby-Button${bare ? ' nby-mod-bare' : ''}`}
              href={addressOf(yard, link)}
              target="_blank"
              rel="noopener noreferrer"
              tabIndex={bare ? -1 : undefined}
              title={trans.__('Open %1 of “%2” in a tab of the browser', link.name, title)}
              aria-label={bare ? trans.__('%1 of “%2”', link.name, title) : undefined}
              onClick={event => event.stopPropagation()}
            >
              <linkIcon.react tag="span" className="nby-Icon" />
              {!bare && link.name}
            </a>
          ) : (
            <span key={link.name} className="nby-Dim">
              {trans.__('%1 (port %2): not responding', link.name, link.port)}
            </span>
          )
        )}
    </>
  );
}
