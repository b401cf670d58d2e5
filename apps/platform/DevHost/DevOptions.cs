using System.Globalization;

namespace ConcertDapr.DevHost;

/// <summary>The command line.</summary>
/// <param name="Command"><c>up</c>, <c>restart</c> or <c>wipe</c>.</param>
/// <param name="Apps">Apps named: the subset to start, or the app to restart.</param>
/// <param name="RunFile">The run file.</param>
/// <param name="Data">Where data, secrets and logs are kept.</param>
/// <param name="PortOffset">Added to every port, so that several systems fit on a machine.</param>
/// <param name="Reseed">Start from empty databases.</param>
/// <param name="Without">Component names left out (for trying what happens without the lock).</param>
/// <param name="Replicas">How many of an app, where it is not one.</param>
/// <param name="Settings">Extra environment for the apps, <c>NAME=value</c>.</param>
internal sealed record DevOptions(string Command, IReadOnlyList<string> Apps, string RunFile, string Data, int PortOffset, bool Reseed,
    IReadOnlyList<string> Without, IReadOnlyDictionary<string, int> Replicas, IReadOnlyDictionary<string, string> Settings)
{
    public const string Usage =
        """
        DevHost up [app ...] [--file dapr.yaml] [--data .local] [--port-offset N] [--reseed] [--without COMPONENT]
                   [--replicas APP=N] [--set NAME=VALUE]
        DevHost restart app  [--data .local]      restarts one app of the running system (its second replica: app-2)
        DevHost wipe         [--data .local]      deletes the data of a stopped system
        """;

    // Ports of replicas are 200 apart; more would meet the next one's.
    private const int MostReplicas = 4;

    public const int RedisPort = 16379;
    public const int PostgresPort = 15432;

    public static DevOptions Parse(string[] args)
    {
        var options = new DevOptions(args.FirstOrDefault() ?? "up", [], "dapr.yaml", ".local", 0, false, [], new Dictionary<string, int>(),
            new Dictionary<string, string>());
        for (var i = 1; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--file" => options with { RunFile = Value(args, ref i) },
                "--data" => options with { Data = Value(args, ref i) },
                "--port-offset" => options with { PortOffset = Number(Value(args, ref i)) },
                "--reseed" => options with { Reseed = true },
                "--without" => options with { Without = [.. options.Without, Value(args, ref i)] },
                "--replicas" => options with { Replicas = WithReplicas(options.Replicas, Value(args, ref i)) },
                "--set" => options with { Settings = With(options.Settings, Value(args, ref i)) },
                ['-', ..] unknown => throw new DevHostException($"unknown option {unknown}\n{Usage}"),
                var app => options with { Apps = [.. options.Apps, app] },
            };
        }
        return options with { Data = Path.GetFullPath(options.Data) };
    }

    private static string Value(string[] args, ref int i) =>
        ++i < args.Length ? args[i] : throw new DevHostException($"{args[i - 1]} needs a value");

    private static int Number(string text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : throw new DevHostException($"'{text}' is not a number");

    private static Dictionary<string, int> WithReplicas(IReadOnlyDictionary<string, int> replicas, string pair)
    {
        var parts = pair.Split('=', 2);
        if (parts.Length != 2 || !int.TryParse(parts[1], CultureInfo.InvariantCulture, out var count) || count is < 1 or > MostReplicas)
            throw new DevHostException($"--replicas takes APP=N with N from 1 to {MostReplicas}, not '{pair}'");
        return new Dictionary<string, int>(replicas) { [parts[0]] = count };
    }

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> settings, string pair)
    {
        var parts = pair.Split('=', 2);
        if (parts.Length != 2) throw new DevHostException($"--set takes NAME=VALUE, not '{pair}'");
        return new Dictionary<string, string>(settings) { [parts[0]] = parts[1] };
    }
}
