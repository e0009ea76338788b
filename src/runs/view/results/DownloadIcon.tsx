import { TranslationBundle } from '@jupyterlab/translation';
import { downloadIcon } from '@jupyterlab/ui-components';

interface IDownloadIconProps {
  filename: string;
  href: string;
  trans: TranslationBundle;
}

/** The link of a row that downloads its bytes, seen on hover and focus. */
export function DownloadIcon({ filename, href, trans }: IDownloadIconProps): JSX.Element {
  const label = trans.__('Download');
  return (
    <a
      className="nby-Button nby-mod-bare nby-mod-onHover"
      tabIndex={-1}
      aria-label={label}
      title={label}
      download={filename}
      href={href}
      onClick={event => event.stopPropagation()}
    >
      <downloadIcon.react tag="span" className="nby-Icon" />
    </a>
  );
}
