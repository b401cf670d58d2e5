using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace ConcertDapr.DevHost;

/// <summary>An app of the run file, with the shared part merged in and paths made absolute.</summary>
internal sealed record AppSpec(string Id, string Directory, int Port, int DaprHttpPort, int DaprGrpcPort, IReadOnlyList<string> Command,
    IReadOnlyList<string> ResourcesPaths, string? ConfigPath, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Between the ports of one replica and those of the next.</summary>
    private const int PortStep = 200;

    /// <summary>1 for the first (mostly the only) one.</summary>
    public int Replica { get; private init; } = 1;

    /// <summary>The app id, from the second replica on with its number: <c>payment-2</c>.</summary>
    public string Name => Replica == 1 ? Id : $"{Id}-{Replica}";

    /// <summary>The app's replicas, each with ports of its own.</summary>
    public IEnumerable<AppSpec> Replicas(int count) => Enumerable.Range(0, count).Select(i => this with
    {
        Replica = i + 1,
        Port = Port + (i * PortStep),
        DaprHttpPort = DaprHttpPort + (i * PortStep),
        DaprGrpcPort = DaprGrpcPort + (i * PortStep),
    });
}

/// <summary>Dapr's multi-app run file (<c>dapr.yaml</c>), as far as it is used here: apps, ports, commands, resources, environment.</summary>
internal static class RunFile
{
    /// <summary>Reads a run file. Ports are moved by <paramref name="portOffset"/>.</summary>
    /// <exception cref="DevHostException">The file is missing, malformed or names something that is not there.</exception>
    public static IReadOnlyList<AppSpec> Read(string path, int portOffset)
    {
        if (!File.Exists(path)) throw new DevHostException($"there is no run file {path}");
        try
        {
            var file = new DeserializerBuilder().IgnoreUnmatchedProperties().Build().Deserialize<FileYaml>(File.ReadAllText(path));
            if (file?.Apps is not { Count: > 0 }) throw new DevHostException($"{path}: no apps");
            var root = Path.GetDirectoryName(Path.GetFullPath(path))!;
            return [.. file.Apps.Select(app => Merge(app, file.Common ?? new(), root, path, portOffset))];
        }
        catch (YamlException e)
        {
            throw new DevHostException($"{path}:{e.Start.Line}: {e.InnerException?.Message ?? e.Message}");
        }
    }

    private static AppSpec Merge(AppYaml app, SharedYaml common, string root, string path, int offset)
    {
        var directory = Path.GetFullPath(app.AppDirPath ?? throw new DevHostException($"{path}: an app without appDirPath"), root);
        if (!Directory.Exists(directory)) throw new DevHostException($"{path}: there is no folder {directory}");
        var id = app.AppID ?? Path.GetFileName(directory);
        if (app.Command is not { Count: > 0 }) throw new DevHostException($"{path}: app {id} has no command");
        var environment = new Dictionary<string, string>(common.Env ?? []);
        foreach (var (name, value) in app.Env ?? []) environment[name] = value;
        var resources = app.ResourcesPaths is { Count: > 0 } own
            ? own.Select(p => Path.GetFullPath(p, directory))
            : (common.ResourcesPaths ?? []).Select(p => Path.GetFullPath(p, root));
        var config = app.ConfigFilePath is { } mine ? Path.GetFullPath(mine, directory)
            : common.ConfigFilePath is { } shared ? Path.GetFullPath(shared, root) : null;
        return new(id, directory, Moved(app.AppPort, offset), Moved(app.DaprHTTPPort, offset), Moved(app.DaprGRPCPort, offset), app.Command,
            [.. resources], config, environment);
    }

    private static int Moved(int port, int offset) => port == 0 ? 0 : port + offset;

    // Names as in Dapr's file format.
    private class SharedYaml
    {
        [YamlMember(Alias = "resourcesPaths")] public List<string>? ResourcesPaths { get; set; }
        [YamlMember(Alias = "configFilePath")] public string? ConfigFilePath { get; set; }
        [YamlMember(Alias = "env")] public Dictionary<string, string>? Env { get; set; }
    }

    private sealed class AppYaml : SharedYaml
    {
        [YamlMember(Alias = "appID")] public string? AppID { get; set; }
        [YamlMember(Alias = "appDirPath")] public string? AppDirPath { get; set; }
        [YamlMember(Alias = "appPort")] public int AppPort { get; set; }
        [YamlMember(Alias = "daprHTTPPort")] public int DaprHTTPPort { get; set; }
        [YamlMember(Alias = "daprGRPCPort")] public int DaprGRPCPort { get; set; }
        [YamlMember(Alias = "command")] public List<string>? Command { get; set; }
    }

    private sealed class FileYaml
    {
        [YamlMember(Alias = "common")] public SharedYaml? Common { get; set; }
        [YamlMember(Alias = "apps")] public List<AppYaml>? Apps { get; set; }
    }
}

/// <summary>Why the system cannot be started, in one line.</summary>
internal sealed class DevHostException(string message) : Exception(message);
