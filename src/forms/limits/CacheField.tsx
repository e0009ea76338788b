import { TranslationBundle } from '@jupyterlab/translation';
import { useId } from 'react';
import { Json } from '../../document/canonical';
import { ValueField } from '../ValueField';

interface ICacheFieldProps {
  value: Json | undefined;
  error?: string;
  readOnly?: boolean;
  trans: TranslationBundle;
  /** `undefined` restores the default. */
  onChange: (value: Json | undefined) => void;
}

const FIRST_AGE = '24 h';
const VALUES: Record<string, Json | undefined> = {
  on: true,
  bundle: 'bundle',
  off: false,
  age: FIRST_AGE
};

/** Chooses whether an earlier result of unchanged work is used, and its maximum age. */
export function CacheField(props: ICacheFieldProps): JSX.Element {
  const { value, error, readOnly, trans, onChange } = props;
  const field = useId();
  const way = wayOf(value);
  return (
    <>
      <div className="nby-Field">
        <div className="nby-Field-head">
          <label htmlFor={field}>{trans.__('Use cached results')}</label>
        </div>
        <select
          id={field}
          className="jp-mod-styled"
          disabled={readOnly}
          value={way}
          aria-describedby={`${field}-help`}
          onChange={event => onChange(VALUES[event.target.value])}
        >
          <option value="">{trans.__('default: if code and inputs are unchanged')}</option>
          <option value="on">{trans.__('if code and inputs are unchanged')}</option>
          <option value="age">{trans.__('if code and inputs are unchanged, up to an age')}</option>
          <option value="bundle">{trans.__('if no file in its folder changed')}</option>
          <option value="off">{trans.__('never')}</option>
        </select>
        <div id={`${field}-help`} className="nby-Field-help">
          {trans.__('Restrict the cache for nodes that depend on the web or the clock.')}
        </div>
      </div>
      {way === 'age' && (
        <ValueField
          label={trans.__('Maximum age of results')}
          type="string"
          help={trans.__('For example 30 min, 24 h or 7 d.')}
          value={value}
          error={error}
          readOnly={readOnly}
          trans={trans}
          onChange={age => onChange(age)}
        />
      )}
    </>
  );
}

function wayOf(value: Json | undefined): string {
  if (value === undefined || value === null) {
    return '';
  }
  if (value === true || value === 'on' || value === 'observed') {
    return 'on';
  }
  if (value === 'bundle') {
    return 'bundle';
  }
  return value === false || value === 'off' ? 'off' : 'age';
}
