import { calibrated, type DueForecast, forecastError, NEW_CALIBRATION } from './calibration.ts';

describe('calibration', () => {
  const after = (...forecasts: DueForecast[]) => forecastError(forecasts.reduce(calibrated, NEW_CALIBRATION));
  const forecast = (returnMilli: number, returned: boolean): DueForecast => ({ returnMilli, returned });

  it('has no error before a forecast is due', () => {
    expect(after()).toBeUndefined();
  });

  it.each([
    { name: 'always right', forecasts: [forecast(1000, true), forecast(0, false)], brier: 0, baseline: 250 },
    { name: 'always wrong', forecasts: [forecast(0, true), forecast(1000, false)], brier: 1000, baseline: 250 },
    { name: 'a coin', forecasts: [forecast(500, true), forecast(500, false)], brier: 250, baseline: 250 },
    { name: 'somewhat right', forecasts: [forecast(800, true), forecast(200, false)], brier: 40, baseline: 250 },
  ])('$name', ({ forecasts, brier, baseline }) => {
    expect(after(...forecasts)).toEqual({ forecasts: 2, brierMilli: brier, baselineMilli: baseline });
  });

  it('tells deciles apart, and counts certainty in the last', () => {
    const { forecasts, returns, sumMilli } = [forecast(1000, true), forecast(920, false), forecast(99, false)].reduce(
      calibrated,
      NEW_CALIBRATION,
    );
    expect(forecasts).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    expect(returns).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(sumMilli).toEqual([99, 0, 0, 0, 0, 0, 0, 0, 0, 1920]);
  });
});
