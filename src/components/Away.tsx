import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from './Button';
import { showSeconds, useNow } from './format/times';
import type { ILost } from './hooks/useLost';

interface IAwayProps {
  lost: ILost | undefined;
  trans: TranslationBundle;
}

/** Shown above stale content while the server is away: its age, and what to do. */
export function Away({ lost, trans }: IAwayProps): JSX.Element | null {
  const now = useNow(!!lost);
  if (!lost) {
    return null;
  }
  const seconds = Math.max(0, Math.floor((now - lost.since) / 1000));
  const action = {
    'signed-out': trans.__('Sign In Again'),
    stopped: trans.__('Start Server')
  };
  const message = {
    'signed-out': trans.__('Your sign-in has expired.'),
    stopped: trans.__('The Jupyter server is stopped.')
  };
  return (
    <p className="nby-Away">
      <span role="status">
        {lost.barrier ? message[lost.barrier] : trans.__('Reconnecting… Runs continue.')}
      </span>{' '}
      {trans.__(
        'Last updated %1 ago, at %2.',
        seconds < 10 ? `${seconds} s` : showSeconds(seconds),
        new Date(lost.since).toLocaleTimeString()
      )}
      {lost.barrier && (
        // a new page signs in or lets the hub start the server, and gets a valid token
        <Button onClick={() => window.location.reload()}>{action[lost.barrier]}</Button>
      )}
    </p>
  );
}
