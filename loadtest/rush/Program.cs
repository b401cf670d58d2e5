using ConcertDapr.Rush;

try
{
    var options = RushOptions.Parse(args);
    using var http = Api.CreateClient(options.Url);
    if (options.Scenario == "ticket")
    {
        await new Ticket(options, http).BuyAsync();
        return 0;
    }
    var scenarios = new Scenarios(options, http);
    var audit = new Audit(options.Postgres, http);
    for (var run = 1; run <= options.Runs; run++)
    {
        if (options.Runs > 1) Console.WriteLine($"run {run} of {options.Runs}");
        if (!await RunAsync(options.Scenario, scenarios, audit)) return 1;
    }
    return 0;
}
catch (Exception e) when (e is ArgumentException or InvalidOperationException or HttpRequestException or Npgsql.NpgsqlException)
{
    await Console.Error.WriteLineAsync($"rush: {e.Message}");
    return 2;
}

static async Task<bool> RunAsync(string scenario, Scenarios scenarios, Audit audit)
{
    Verdict? verdict = scenario switch
    {
        "rush" => await scenarios.RushAsync(Report.Progress),
        "sell-out" => await scenarios.SellOutAsync(Report.Progress),
        "hot-seat" => await scenarios.HotSeatAsync(),
        "one-key" => await scenarios.OneKeyAsync(),
        _ => null,
    };
    if (verdict is not null)
    {
        Report.Show(verdict);
        Report.Show(scenario, verdict.Violations);
    }
    var violations = await audit.RunAsync(verdict?.Sale is { } sale ? [sale] : []);
    Report.Show($"audit ({await audit.SummaryAsync()})", violations);
    return violations.Count == 0 && verdict?.Violations is null or { Count: 0 };
}
