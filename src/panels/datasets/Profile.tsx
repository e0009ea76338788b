import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { ColumnProfile, Profile } from '../../api/types';
import { hasText } from '../../components/table/DataTable';
import { ITablePart, TablePartChoice } from '../../components/table/TablePart';
import { Waiting } from '../../components/text/messages';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';
import { HistogramPicture, showNumber, TopPicture } from './Pictures';

interface IProfileViewProps {
  services: IPanelServices;
  id: string;
  version: number;
}

/** The content of columns: first from a sample, then from all rows. */
export function ProfileView({ services, id, version }: IProfileViewProps): JSX.Element {
  const { yard, trans } = services;
  const [profile, setProfile] = useState<Profile>();
  const [problem, setProblem] = useState<string>();
  const [part, setPart] = useState<ITablePart>({});
  const [find, setFind] = useState('');
  useEffect(() => {
    setProblem(undefined);
    const control = new AbortController();
    const ask = (sample: boolean) =>
      yard.client.call('datasets.profile', {
        path: { dataset: id },
        query: { version, sample, ...part },
        signal: control.signal
      });
    const read = async () => {
      const first = await ask(true);
      setProfile(first);
      if (first.sampled) {
        setProfile(await ask(false));
      }
    };
    read().catch((error: Error) => !control.signal.aborted && setProblem(error.message));
    return () => control.abort();
  }, [yard, id, version, part]);
  if (!profile) {
    return <Waiting problem={problem}>{trans.__('Reading…')}</Waiting>;
  }
  return (
    <div className="nby-Profile">
      <TablePartChoice {...{ find, trans }} shown={profile} onChange={setPart} onFind={setFind} />
      <p className="nby-Dim" role="status">
        {profile.sampled
          ? trans.__(
              'Based on a sample of %1 rows; reading all rows…',
              profile.rows.toLocaleString()
            )
          : trans.__('Based on all %1 rows', profile.rows.toLocaleString())}
        {problem && ` · ${problem}`}
      </p>
      {profile.warnings
        ?.map(warning => reasonText(warning, trans))
        .map(warning => (
          <p key={warning} className="nby-Warning">
            {warning}
          </p>
        ))}
      <div className="nby-Profile-columns">
        {profile.columns.map(
          (column, index) =>
            hasText(column.name, find) && <ColumnCard key={index} column={column} trans={trans} />
        )}
      </div>
    </div>
  );
}

interface IColumnCardProps {
  column: ColumnProfile;
  trans: TranslationBundle;
}

function ColumnCard({ column, trans }: IColumnCardProps): JSX.Element {
  const { name, type, count, nulls, distinct, min, max, mean, std, quantiles } = column;
  const total = count + nulls;
  const missing = total ? (100 * nulls) / total : 0;
  const facts: [string, unknown][] = [
    [trans.__('missing'), nulls ? `${showNumber(nulls)} (${missing.toFixed(1)} %)` : '0'],
    [trans.__('distinct'), distinct],
    [trans.__('min'), min],
    [trans.__('median'), quantiles?.p50],
    [trans.__('mean'), mean],
    [trans.__('max'), max],
    [trans.__('std'), std]
  ];
  return (
    <section className="nby-Column" aria-label={name}>
      <h3>
        {name} <span className="nby-DataTable-type">{type}</span>
      </h3>
      {column.histogram ? (
        <HistogramPicture
          histogram={column.histogram}
          min={min}
          max={max}
          name={name}
          trans={trans}
        />
      ) : (
        !!column.top?.length && (
          <TopPicture top={column.top} count={count} name={name} trans={trans} />
        )
      )}
      <dl className="nby-Column-facts">
        {facts
          .filter(([, value]) => value !== null && value !== undefined && value !== '')
          .map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd title={String(value)}>{showNumber(value)}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}
