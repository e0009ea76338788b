import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { Button } from '../../components/Button';
import { askToFree, holderText, IFreeing, IHolder } from '../../components/holders/askToFree';

interface IHoldersProps {
  holders: readonly IHolder[];
  client: IFreeing;
  trans: TranslationBundle;
}

/** What of the user's own holds something, each with a button that frees it. */
export function Holders({ holders, client, trans }: IHoldersProps): JSX.Element | null {
  const [freed, setFreed] = useState<readonly string[]>([]);
  return holders.length ? (
    <ul className="nby-Holders" aria-label={trans.__('Yours that hold it')}>
      {holders.map(holder => (
        <li key={holder.id}>
          {trans.__('Held by %1', holderText(holder, trans))}{' '}
          <Button
            aria-label={trans.__('Free %1', holderText(holder, trans))}
            disabled={freed.includes(holder.id)}
            onClick={() =>
              void askToFree(client, holder, trans).then(
                isFreed => isFreed && setFreed([...freed, holder.id])
              )
            }
          >
            {trans.__('Free')}
          </Button>
        </li>
      ))}
    </ul>
  ) : null;
}
