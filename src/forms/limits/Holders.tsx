import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { Button } from '../../components/Button';
import { askToFree, holderText, IFreeing, IHolder } from '../../components/holders/askToFree';

interface IHoldersProps {
  holders: readonly IHolder[];
  client: IFreeing;
  trans: TranslationBundle;
}

/** What holds something; the user's own have a button that frees them. */
export function Holders({ holders, client, trans }: IHoldersProps): JSX.Element | null {
  const [freed, setFreed] = useState<readonly string[]>([]);
  return holders.length ? (
    <ul className="nby-Holders" aria-label={trans.__('What holds it')}>
      {holders.map(holder => (
        <li key={holder.id}>
          {trans.__('Held by %1', holderText(holder, trans))}{' '}
          {holder.owner ? (
            trans.__('of %1', [holder.owner, holder.title].filter(Boolean).join(' · '))
          ) : (
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
          )}
        </li>
      ))}
    </ul>
  ) : null;
}
