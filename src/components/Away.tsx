import { TranslationBundle } from '@jupyterlab/translation';
import { showSeconds, useNow } from './times';

interface IAwayProps {
  /** When the server was last heard; undefined while it is there. */
  since: number | undefined;
  trans: TranslationBundle;
}

/** Above what is shown while the server is away: how old it is. */
export function Away({ since, trans }: IAwayProps): JSX.Element | null {
  const now = useNow(since !== undefined);
  if (since === undefined) {
    return null;
  }
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return (
    <p className="nby-Away">
      <span role="status">{trans.__('Reconnecting… What runs goes on.')}</span>{' '}
      {trans.__('This was true %1 ago.', seconds < 10 ? `${seconds} s` : showSeconds(seconds))}
    </p>
  );
}
