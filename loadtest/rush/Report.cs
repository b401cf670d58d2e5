using Spectre.Console;

namespace ConcertDapr.Rush;

/// <summary>Progress while it runs and tables when it is over.</summary>
internal static class Report
{
    /// <summary>One line a second.</summary>
    public static void Progress(Measurements measurements)
    {
        var fans = string.Join("  ", measurements.Outcomes.Where(o => o.Outcome.StartsWith("fan:", StringComparison.Ordinal) || o.Outcome.StartsWith("payment", StringComparison.Ordinal))
            .Select(o => $"{o.Outcome.Replace("fan: ", "", StringComparison.Ordinal)} {o.Count}"));
        var requests = measurements.Steps.Sum(s => s.Count);
        AnsiConsole.WriteLine($"  {requests,7} requests   {fans}");
    }

    /// <summary>Latencies, outcomes, verdict.</summary>
    public static void Show(Verdict verdict)
    {
        AnsiConsole.WriteLine(verdict.Title);
        var steps = new Table().Border(TableBorder.Simple).AddColumns("step", "requests", "p50 ms", "p95 ms", "p99 ms", "max ms");
        foreach (var (step, count, p50, p95, p99, max) in verdict.Measurements.Steps)
            steps.AddRow(step, $"{count}", $"{p50:0.0}", $"{p95:0.0}", $"{p99:0.0}", $"{max:0.0}");
        AnsiConsole.Write(steps);
        foreach (var (outcome, count) in verdict.Measurements.Outcomes) AnsiConsole.WriteLine($"  {count,6}  {outcome}");
    }

    /// <summary>Violations, or that there are none.</summary>
    public static void Show(string what, IReadOnlyList<string> violations)
    {
        if (violations.Count == 0)
        {
            AnsiConsole.MarkupLine($"[green]{Markup.Escape(what)}: clean[/]");
            return;
        }
        AnsiConsole.MarkupLine($"[red]{Markup.Escape(what)}: {violations.Count} violations[/]");
        foreach (var violation in violations.Take(50)) AnsiConsole.WriteLine($"  {violation}");
    }
}
