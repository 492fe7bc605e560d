// Shows the buttons that copy a text or hand it to another program, where the browser can; the text itself always stands there.
(function(){
var said=document.getElementById("copied"),clip=navigator.clipboard,can=clip||document.queryCommandSupported&&document.queryCommandSupported("copy");
function select(text){
var range=document.createRange(),chosen=getSelection();
range.selectNodeContents(text);chosen.removeAllRanges();chosen.addRange(range);
}
function each(name,works,run){
[].slice.call(document.querySelectorAll("["+name+"]")).forEach(function(button){
var text=document.getElementById(button.getAttribute(name));
if(!works||!text)return;
button.hidden=false;
button.addEventListener("click",function(){run(text,button)});
});
}
function done(button){if(said){said.textContent="";button.parentNode.appendChild(said);said.textContent=said.getAttribute("data-said")}}
each("data-copy",can,function(text,button){
function byHand(){select(text);try{if(document.execCommand("copy"))done(button)}catch(e){}}
if(clip)clip.writeText(text.textContent).then(function(){done(button)},byHand);else byHand();
});
each("data-send",navigator.share,function(text){
var asked=navigator.share({text:text.textContent});
if(asked&&asked["catch"])asked["catch"](function(){});
});
})();
