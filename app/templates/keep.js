// Lets the phone keep the first page of this language and, on a tap, all of it; without it every page reads as well.
(function(){
var workers=navigator.serviceWorker,root=document.currentScript.src.replace(/hub\.js.*/,""),mark=document.querySelector("link[rel=manifest]"),box=document.getElementById("keep"),banner=document.querySelector("main>.kept:not(#missing):first-child");
if(!workers||!window.caches||!mark||mark.href==root+"manifest.webmanifest")return;
function ask(what,then){
workers.register(root+"sw.js").then(function(){return workers.ready}).then(function(r){
var line=new MessageChannel();
line.port1.onmessage=function(e){then.apply(null,e.data)};
r.active.postMessage([what,document.documentElement.lang],[line.port2]);
}).catch(function(){});
}
// What was kept is no longer what the site has: a page that was shown from it is shown anew.
workers.onmessage=function(e){
if(banner&&e.data)location.reload();
};
function tell(ok,note,whole){
if(banner){
banner.hidden=ok;
if(!ok)setTimeout(function(){ask("look",tell)},2e4);
}
if(!box||!note)return;
box.hidden=erase.hidden=false;
keep.textContent=note.offer;
keep.hidden=whole;
say(whole?note.kept:"");
}
function say(text){state.textContent=text}
if(box){
var keep=box.querySelector("button"),state=box.querySelector("[role]"),erase=box.querySelector("[data-said]");
keep.onclick=function(){
say(state.getAttribute("data-busy"));
ask("keep",function(ok,note,whole){
tell(ok,note,whole);
if(!ok)say(state.getAttribute("data-failed"));
});
};
erase.onclick=function(){
ask("erase",function(){
keep.hidden=false;
erase.hidden=true;
say(erase.getAttribute("data-said"));
});
};
}
addEventListener("online",function(){
ask("look",function(ok,note,whole){
if(ok&&document.getElementById("missing"))location.reload();
tell(ok,note,whole);
});
});
addEventListener("load",function(){ask("home",tell)});
})();
