import { TranslationBundle } from '@jupyterlab/translation';
import { linkIcon } from '@jupyterlab/ui-components';

interface IMonitorLinksProps {
  monitors: readonly { name: string; href: string }[];
  trans: TranslationBundle;
  className?: string;
}

/** Links to monitor a running task; the surrounding element handles arrow keys. */
export function MonitorLinks({ monitors, trans, className }: IMonitorLinksProps): JSX.Element {
  return (
    <>
      {monitors.map(({ name, href }) => (
        <a
          key={name}
          className={`nby-Monitor ${className ?? ''}`}
          href={href}
          target="_blank"
          rel="noopener noreferrer"
          tabIndex={-1}
          title={trans.__('Open “%1” in a browser tab while the task runs', name)}
          aria-label={trans.__('Monitor “%1”', name)}
          onClick={event => event.stopPropagation()}
        >
          <linkIcon.react tag="span" className="nby-Icon" />
          {monitors.length > 1 ? trans.__('Monitor %1', name) : trans.__('Monitor')}
        </a>
      ))}
    </>
  );
}
