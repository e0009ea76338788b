import { TranslationBundle } from '@jupyterlab/translation';
import { DeploymentForm } from '../../../api/types';

const HELP = 'https://github.com/nbyard/nbyard/blob/HEAD/docs/how-to/docker.md#install-docker';

interface INoContainersProps {
  engine: DeploymentForm['engine'];
  trans: TranslationBundle;
}

/** Why nothing can be deployed, and what helps. */
export function NoContainers({ engine, trans }: INoContainersProps): JSX.Element {
  const why = trans.__('Containers are unavailable: %1.', engine.finding);
  return (
    <p className="nby-Warning" role="alert" tabIndex={-1}>
      {[why, engine.cure].filter(Boolean).join(' ')}{' '}
      <a className="nby-Link" href={HELP} target="_blank" rel="noreferrer">
        {trans.__('How to install and start Docker')}
      </a>
    </p>
  );
}
