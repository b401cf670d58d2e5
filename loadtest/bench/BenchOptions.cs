using System.Globalization;

namespace ConcertDapr.Bench;

/// <summary>The command line.</summary>
/// <param name="Url">Gateway of a running system; one is started where none answers.</param>
/// <param name="Only">The part to run: <c>sidecars</c>, <c>dapr</c> or one of its parts, <c>purchases</c>; null runs everything.</param>
/// <param name="Seconds">Length of each measurement, after two seconds of warm-up.</param>
/// <param name="PortOffset">Where a system of our own is started.</param>
internal sealed record BenchOptions(Uri Url, string? Only, double Seconds, int PortOffset)
{
    public const string Usage = "Bench [sidecars | dapr | state | calls | workflows | purchases] [--url http://127.0.0.1:8080] [--seconds 2] [--port-offset 4000]";

    public static BenchOptions Parse(string[] args)
    {
        var options = new BenchOptions(new("http://127.0.0.1:8080"), null, 2, 4000);
        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                var part when part is "sidecars" or "dapr" or "purchases" || DaprParts.Contains(part) => options with { Only = part },
                "--url" => options with { Url = new(Value(args, ref i)) },
                "--seconds" => options with { Seconds = double.Parse(Value(args, ref i), CultureInfo.InvariantCulture) },
                "--port-offset" => options with { PortOffset = int.Parse(Value(args, ref i), CultureInfo.InvariantCulture) },
                var unknown => throw new FormatException($"unknown argument {unknown}\n{Usage}"),
            };
        }
        return options;
    }

    /// <summary>The parts of <c>dapr</c>.</summary>
    public static IReadOnlyList<string> DaprParts { get; } = ["state", "calls", "workflows"];

    private static string Value(string[] args, ref int i) =>
        ++i < args.Length ? args[i] : throw new FormatException($"{args[i - 1]} needs a value\n{Usage}");
}
