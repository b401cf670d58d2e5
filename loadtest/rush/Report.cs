using Spectre.Console;

namespace ConcertDapr.Rush;

/// <summary>Progress while it runs and tables when it is over.</summary>
internal static class Report
{
    // Not a terminal: no colours and no wrapping.
    private static readonly IAnsiConsole s_out = Console.IsOutputRedirected
        ? AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new WideOutput(Console.Out) })
        : AnsiConsole.Console;

    /// <summary>One line a second.</summary>
    public static void Progress(Measurements measurements)
    {
        var fans = string.Join("  ", measurements.Outcomes.Where(o => o.Outcome.StartsWith("fan:", StringComparison.Ordinal) || o.Outcome.StartsWith("payment", StringComparison.Ordinal))
            .Select(o => $"{o.Outcome.Replace("fan: ", "", StringComparison.Ordinal)} {o.Count}"));
        var requests = measurements.Steps.Sum(s => s.Count);
        s_out.WriteLine($"  {requests,7} requests   {fans}");
    }

    /// <summary>Latencies, outcomes, verdict.</summary>
    public static void Show(Verdict verdict)
    {
        s_out.WriteLine(verdict.Title);
        var steps = new Table().Border(TableBorder.Simple).AddColumns("step", "requests", "p50 ms", "p95 ms", "p99 ms", "max ms");
        foreach (var (step, count, p50, p95, p99, max) in verdict.Measurements.Steps)
            steps.AddRow(step, $"{count}", $"{p50:0.0}", $"{p95:0.0}", $"{p99:0.0}", $"{max:0.0}");
        s_out.Write(steps);
        foreach (var (outcome, count) in verdict.Measurements.Outcomes) s_out.WriteLine($"  {count,6}  {outcome}");
    }

    /// <summary>Violations, or that there are none.</summary>
    public static void Show(string what, IReadOnlyList<string> violations)
    {
        if (violations.Count == 0)
        {
            s_out.MarkupLine($"[green]{Markup.Escape(what)}: clean[/]");
            return;
        }
        s_out.MarkupLine($"[red]{Markup.Escape(what)}: {violations.Count} violations[/]");
        foreach (var violation in violations.Take(50)) s_out.WriteLine($"  {violation}");
    }

    private sealed class WideOutput(TextWriter writer) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;
        public bool IsTerminal => false;
        public int Width => 1000;
        public int Height => 50;

        public void SetEncoding(System.Text.Encoding encoding)
        {
            // The console's own encoding stays.
        }
    }
}
