using System.Diagnostics;
using ConcertDapr.Tests;

namespace ConcertDapr.Charts;

/// <summary>What a command said, and how it ended.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors);

/// <summary>helm, kubectl and node, as <c>scripts/kube-tools.sh</c> installed them.</summary>
internal static class Helm
{
    public const string Namespace = "concert";

    public static string Root => Repository.Root;

    public static string Chart { get; } = Path.Combine(Root, "charts", "concert-dapr");

    public static string Tool(string name) => Path.Combine(Root, ".local", "tools", "bin", name);

    /// <summary>Renders a chart: values files first, then <c>--set</c>.</summary>
    public static Task<CommandResult> TemplateAsync(string chart, IEnumerable<string> files, IEnumerable<string> sets) =>
        RunAsync(Tool("helm"), ["template", "concert", chart, "--namespace", Namespace, .. Options(files, sets)]);

    /// <summary>Lints it, warnings included.</summary>
    public static Task<CommandResult> LintAsync(string chart, IEnumerable<string> files, IEnumerable<string> sets) =>
        RunAsync(Tool("helm"), ["lint", "--strict", chart, .. Options(files, sets)]);

    public static async Task<CommandResult> RunAsync(string program, params IReadOnlyList<string> arguments)
    {
        if (!File.Exists(program) && Path.IsPathRooted(program)) throw new InvalidOperationException($"{program} is missing: run scripts/kube-tools.sh");
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new(process.ExitCode, await output, await errors);
    }

    private static IEnumerable<string> Options(IEnumerable<string> files, IEnumerable<string> sets) =>
        [.. files.SelectMany(f => new[] { "--values", f }), .. sets.SelectMany(s => new[] { "--set", s })];
}
